/**
 * The proxy as an h3 app, and the one shape errors have. It answers web Requests, so it runs
 * wherever those do; a server is somebody else's business.
 */
import { getRouterParam, H3, onDispose, type H3Event } from "h3"
import { createText } from "./body.ts"
import { checkConfig, resolveConfig, type Config, type Settings } from "./config/config.ts"
import { clientGone } from "./dial/calls.ts"
import type { Fetch } from "./dial/dial.ts"
import { EXPLAIN } from "./endpoints/explain.ts"
import { causeOf, ProxyError, toErrorBody, toProxyError } from "./error.ts"
import { createHops } from "./dial/hops.ts"
import { createLine } from "./line.ts"
import { createMask, printable, SILENT, type Log } from "./log.ts"
import { newId } from "./text/new-id.ts"
import { lineUp } from "./pipeline.ts"
import { createTools } from "./plugin/tools.ts"
import { setUpPlugins, type PluginUse } from "./plugin/plugin.ts"
import { createRoutes, type Handler, type Routes } from "./routes.ts"
import { toStages, type Received } from "./stage.ts"
import { subtleDigest, type Digest } from "./stages/auth.ts"
import { toStorage, type StorageShape } from "./state/storage-shape.ts"
import { ALONE, type Workers } from "./plugin/workers.ts"

export interface ProxyOptions {
  /** Plugins with their options, outermost first. */
  readonly plugins?: readonly PluginUse[]
  /** @default a log that shows nothing */
  readonly log?: Log
  /** What connections are opened with. @default the platform's fetch */
  readonly fetch?: Fetch
  /** SHA-256. @default the platform's, which is asynchronous */
  readonly digest?: Digest
  /** Where plugins keep things. @default memory */
  readonly storage?: StorageShape
  /** Those that serve together with this process. @default none */
  readonly workers?: Workers
  /** Which config this is since the start; `/health/ready` tells it. @default 1 */
  readonly generation?: number
}

export interface Proxy {
  readonly app: H3
  readonly settings: Settings
  /** The stages as they follow each other, the plugins' with the place they stand before. */
  readonly stages: readonly string[]
  fetch(request: Request): Response | Promise<Response>
  /** What would become of a body of `POST /v1/messages`: the {@link Explanation} as JSON, or the error it would get. */
  explain(body: string): Promise<Response>
  /** Ends the answers that run with an `overloaded_error`, and so all that are still asked for. */
  breakOff(): void
  /** Closes the plugins. Requests that are running are not waited for. */
  close(): Promise<void>
}

/**
 * Makes a proxy.
 *
 * @throws {ConfigError} for a config that is not one, and whatever a plugin's setup throws.
 */
export async function createProxy(config: Config | Settings, options: ProxyOptions = {}): Promise<Proxy> {
  const settings = "routes" in config ? config : resolveConfig(checkConfig(config))
  const { server, secrets } = settings
  const { plugins = [], log = SILENT, fetch, digest = subtleDigest, generation = 1, workers = ALONE } = options
  const storage = toStorage(options.storage)
  const mask = createMask(secrets)
  const hops = createHops(() => newId(""))
  const ready = await createLine(settings, { fetch, digest, storage, log, mask, newId, hops })
  const tools = createTools({ settings, storage, workers, log, mask, find: ready.find })
  const running = await setUpPlugins(plugins, tools.of).catch(async (error: unknown) => {
    await tools.close()
    throw error
  })
  const stages = toStages(running.stages)
  const own = new WeakSet<Request>() // made here, for who runs the program
  const close = async (): Promise<void> => {
    await running.close()
    await tools.close()
  }
  const isOwn = (req: Request): boolean => own.has(req)
  let table: Routes
  try {
    table = createRoutes({ settings, ready, stages, extra: running.routes, isOwn, mask, generation })
  } catch (error) {
    await close() // a plugin may listen, or hold a file
    throw error
  }

  const toResponse = (thrown: unknown, { id, head, log }: Pick<Received, "id" | "head" | "log">): Response => {
    const error = toProxyError(thrown)
    logFailure(log, error)
    const headers = new Headers(head)
    for (const [name, value] of Object.entries(error.headers)) headers.set(name, mask(value))
    return Response.json(toErrorBody(error, id, mask), { status: error.status, headers })
  }

  const answer = async (event: H3Event, path: string, methods: Readonly<Record<string, Handler>>): Promise<Response> => {
    const context = toReceived(event, path, log, server.max_body)
    try {
      const { method, headers } = event.req
      hops.check(headers)
      // A HEAD is a GET whose body the server leaves out.
      const handler = methods[method] ?? (method === "HEAD" ? methods["GET"] : undefined)
      if (!handler) throw wrongMethod(method, event.url.pathname, Object.keys(methods))
      return await handler(context, () => restOf(event))
    } catch (thrown) {
      // Whatever fails because the client has left is not the proxy's failure.
      return toResponse(context.signal.aborted ? clientGone() : thrown, context)
    }
  }

  const app = new H3({
    silent: true,
    // What fails before a handler runs: a path that cannot be decoded, say.
    onError: ({ unhandled, cause, status, message }, event) =>
      toResponse(unhandled ? cause : new ProxyError(status, message), toReceived(event, "", log, 0)),
  })
  for (const [path, methods] of Object.entries(table)) {
    app.all(path, (event) => answer(event, path, methods))
    // A base URL that ends in /v1 makes clients ask for /v1/v1/… (claude-code#20416).
    if (path.startsWith("/v1/")) app.all(`/v1${path}`, (event) => answer(event, path, methods))
  }
  app.all("/**", (event) => {
    const context = toReceived(event, "", log, 0)
    return toResponse(new ProxyError(404, `there is no ${printable(event.url.pathname)} here`), context)
  })
  const explainOwn = async (body: string): Promise<Response> => {
    const request = new Request("http://localhost/v1/messages", { method: "POST", body, headers: EXPLAIN })
    own.add(request)
    return app.fetch(request)
  }
  return {
    app,
    settings,
    stages: lineUp(stages),
    explain: explainOwn,
    fetch: (request) => app.fetch(request),
    breakOff: () => ready.calls.breakOff(),
    close,
  }
}

function toReceived(event: H3Event, path: string, log: Log, maxBody: number): Received {
  const id = newId("req_")
  const own = log.with({ request: id })
  if (log.shows("debug")) {
    const began = performance.now()
    own.debug("received", { method: event.req.method, path })
    onDispose(event, (reason) => own.debug("over", { ms: Math.round(performance.now() - began), broke: reason === undefined ? undefined : String(reason) }))
  }
  return {
    id,
    req: event.req,
    signal: event.req.signal,
    log: own,
    head: new Headers({ "request-id": id }),
    text: createText(event.req, maxBody),
    onOver: (then) => onDispose(event, (reason) => tellFault(then, reason, own)),
  }
}

/** h3 goes on with the others when one fails, and says nothing of it. */
async function tellFault(then: (broke?: unknown) => unknown, reason: unknown, log: Log): Promise<void> {
  try {
    await then(reason)
  } catch (error) {
    log.error("what was to be done at the answer's end failed", { error: String(error) })
  }
}

/** A model id may have slashes in it, encoded or not. Of what h3 decodes it leaves `%2F` and `%25` as they are. */
function restOf(event: H3Event): string {
  return decodeURIComponent(getRouterParam(event, "id") ?? "")
}

function wrongMethod(method: string, path: string, allowed: readonly string[]): ProxyError {
  return new ProxyError(405, `${printable(method)} is not allowed on ${printable(path)}; allowed: ${allowed.join(", ")}`, {
    headers: { allow: allowed.join(", ") },
  })
}

/** What is the client's fault is a line for debugging; what is ours or the backend's is not. */
function logFailure(log: Log, error: ProxyError): void {
  const fields = { status: error.status, type: error.type, error: error.message }
  if (error.status < 500) log.debug("refused", fields)
  else log.error("failed", { ...fields, cause: causeOf(error) })
}
