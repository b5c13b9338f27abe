/**
 * The entry for listhen, which evaluates it and all it imports anew after each edit: a handler as `node:http` calls
 * it. `npm run dev` is `node/dev-server.ts`; `listhen --watch src/dev.ts` works too.
 */
import type { IncomingMessage, ServerResponse } from "node:http"
import { toNodeHandler } from "srvx/node"
import { toAddress } from "./node/banner.ts"
import { createGate } from "./node/gate.ts"
import { openProxy } from "./node/open.ts"
import { devState } from "./node/dev-state.ts"

const state = devState()
const before = state.opened
const opened = await openProxy({ spareKey: state.spareKey, ...(before && { storage: before.storage }) })
// Answers that the proxy before this one is giving go on; only its plugins are closed.
await before?.close(opened.storage)
const { host, port } = opened.settings.server
if (!state.opened && !state.ownServer) opened.announce(toAddress(host, port))
state.opened = opened

// srvx's type wants requests of HTTP/2 too; listhen speaks HTTP/1.
const handle = toNodeHandler(createGate(() => opened)) as (request: IncomingMessage, response: ServerResponse) => unknown

export default function (request: IncomingMessage, response: ServerResponse): unknown {
  // http-shutdown 1.2.2, which listhen wraps its server in, reads `request.socket` when the answer is finished and
  // takes the process down when the request was destroyed before, as it is after a body that is too large.
  const { socket } = request
  response.prependOnceListener("finish", () => {
    request.socket ??= socket
  })
  return handle(request, response)
}
