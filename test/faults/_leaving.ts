/** A client that leaves at one of the moments at which it can, over sockets of its own. */
import { once } from "node:events"
import { connect, type Socket } from "node:net"
import { KEY, startProxy, type TestProxy } from "../_proxy.ts"
import { chunk, CHUNKED, says, startRawBackend, type RawBackend } from "./_raw-backend.ts"

/** What has happened when the client leaves, and whether it streams. */
export const MOMENTS = {
  "before the backend has answered at all": { stream: true, answer: () => {} },
  "before it has answered, not streaming": { stream: false, answer: () => {} },
  "before the first word": { stream: true, answer: (socket: Socket) => void socket.write(CHUNKED) },
  "in mid-stream": { stream: true, answer: (socket: Socket) => void socket.write(CHUNKED + chunk(says({ content: "a" }))) },
  "in the middle of an answer that is not streamed to it": {
    stream: false,
    answer: (socket: Socket) => void socket.write(CHUNKED + chunk(says({ content: "a" }))),
  },
  "while it is pinged": { stream: true, pinged: true, answer: (socket: Socket) => void socket.write(CHUNKED) },
  "while the backend floods": { stream: true, answer: flood },
} as const
export type Moment = keyof typeof MOMENTS

export interface LeavingScene {
  readonly proxy: TestProxy
  readonly backend: RawBackend
  /** Asks, leaves at that moment, and waits until the backend's connection is closed. @returns After how many ms. */
  leave(moment: Moment): Promise<number>
  close(): Promise<void>
}

export async function startLeavingScene(): Promise<LeavingScene> {
  let play: (socket: Socket) => void = () => {}
  let asked: (socket: Socket) => void = () => {}
  const backend = await startRawBackend((socket) => {
    asked(socket)
    play(socket)
  })
  const proxy = await startProxy({
    models: { m: { backend: "b", model: "m" } },
    backends: { b: { base_url: backend.url } },
    server: { ping: 0.05 },
  })
  const { port } = new URL(proxy.url)
  return {
    proxy,
    backend,
    async leave(moment) {
      const { stream, answer, ...more } = MOMENTS[moment]
      play = answer
      const request = new Promise<Socket>((resolve) => void (asked = resolve))
      const client = connect(Number(port), "127.0.0.1").on("error", () => {})
      client.write(post({ model: "m", stream, max_tokens: 9, messages: [{ role: "user", content: "Hi" }] }))
      const told = once(client, "data")
      const socket = await request
      const closed = new Promise((resolve) => socket.once("close", resolve)) // also after a reset
      // What streams has been told something, and what does not has had the time for it.
      if (moment === "in mid-stream" || moment === "while the backend floods" || "pinged" in more) await told
      else await new Promise((resolve) => setTimeout(resolve, 10))
      const left = performance.now()
      client.destroy()
      await closed
      return performance.now() - left
    },
    async close() {
      await proxy.close()
      backend.close()
    },
  }
}

function post(body: object): string {
  const text = JSON.stringify(body)
  const head = ["POST /v1/messages HTTP/1.1", "host: p", `x-api-key: ${KEY}`, "content-type: application/json"]
  return [...head, `content-length: ${text.length}`, "", text].join("\r\n")
}

/** As much as the other side takes, until it is gone. */
function flood(socket: Socket): void {
  const words = chunk(says({ content: "x".repeat(1000) }).repeat(50))
  const more = (): void => {
    while (!socket.destroyed && socket.write(words));
  }
  socket.write(CHUNKED)
  socket.on("drain", more)
  more()
}
