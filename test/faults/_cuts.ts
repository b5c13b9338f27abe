/** Recorded answers that a backend breaks off at a byte, and what of them a client must have seen. */
import type { Socket } from "node:net"
import type { MessageEvent } from "../../src/anthropic/events.ts"
import type { Api } from "../../src/wires/registry.ts"
import { readFixtures } from "../_fixtures.ts"
import { eventsIn, startProxy, type TestProxy } from "../_proxy.ts"
import { hello } from "../http/_messages.ts"
import { chunk, CHUNKED, startRawBackend, type RawBackend } from "./_raw-backend.ts"

/** How a connection ends: as it should but too early, without a word, or reset. */
export const CUTS = ["clean", "end", "reset"] as const
export type Cut = (typeof CUTS)[number]

export interface Recorded {
  readonly api: Api
  /** What the client asks for, but the model. */
  readonly request: object
  /** The whole answer as the backend writes it. ASCII alone, so that a character is a byte. */
  readonly answer: string
  /** The end of the line that says how it ends. */
  readonly said: number
}

/** Whether what breaks off there is complete: an early end is the end of a last line, and a broken connection is not. */
export function isComplete({ said }: Recorded, at: number, cut: Cut): boolean {
  return at >= (cut === "clean" ? said : said + 2)
}

/** A call between texts in each API: what breaks may break a text, a call's arguments, or nothing yet. */
export const RECORDED: readonly Recorded[] = [
  fixture("openai/one-call", "chat", '"finish_reason":"'),
  fixture("responses/one-call", "responses", '"response.completed"'),
  { api: "anthropic", request: { messages: [{ role: "user", content: "Hi" }] }, answer: hello, said: endOf(hello, '"stop_reason":"') },
]

function fixture(wanted: string, api: Api, end: string): Recorded {
  const found = readFixtures().find(({ name }) => name === wanted)
  if (!found) throw new Error(`there is no fixture ${wanted}`)
  const answer = found.chunks.map((data) => `data: ${data}\n\n`).join("")
  return { api, request: found.request, answer, said: endOf(answer, end) }
}

/** The end of the line in which a text stands last. */
function endOf(answer: string, text: string): number {
  return answer.indexOf("\n", answer.lastIndexOf(text))
}

export interface CutScene {
  /** What a client gets when the answer breaks off there. */
  ask(recorded: Recorded, at: number, cut: Cut, stream: boolean): Promise<Outcome>
  close(): Promise<void>
}

export interface Outcome {
  readonly status: number
  /** Of a stream; without ids. */
  readonly events: readonly MessageEvent[]
  readonly text: string
}

export async function startCutScene(): Promise<CutScene> {
  let play: (socket: Socket) => void = () => {}
  const backend: RawBackend = await startRawBackend((socket) => play(socket))
  const apis = RECORDED.map(({ api }) => api)
  const proxy: TestProxy = await startProxy({
    models: Object.fromEntries(apis.map((api) => [api, { backend: api, model: "m" }])),
    backends: Object.fromEntries(apis.map((api) => [api, { base_url: backend.url, api }])),
  })
  return {
    async ask({ api, request, answer }, at, cut, stream) {
      play = (socket) => {
        socket.write(CHUNKED)
        if (at > 0) socket.write(chunk(answer.slice(0, at)))
        if (cut === "clean") socket.write("0\r\n\r\n")
        else if (cut === "end") socket.end()
        else setTimeout(() => socket.resetAndDestroy(), 2) // or it takes along what is on its way
      }
      const response = await proxy.send({ ...request, model: api, stream })
      const text = await response.text()
      return { status: response.status, text, events: response.ok && stream ? eventsIn(withoutIds(text)) : [] }
    },
    async close() {
      await proxy.close()
      backend.close()
    },
  }
}

function withoutIds(text: string): string {
  return text.replaceAll(/"id":"msg_\w+"|,"request_id":"req_\w+"/g, (found) => (found.startsWith(",") ? "" : '"id":"msg"'))
}

/**
 * What is wrong with an answer that broke off there; nothing where all that had been sent stands, and then one error, or
 * where the answer had been complete.
 */
export function faultsOf({ events, status, text }: Outcome, whole: readonly MessageEvent[], complete: boolean): readonly string[] {
  // Its counts may have been on their way.
  if (complete) return status === 200 && same(uncounted(events), uncounted(whole)) ? [] : [`is not complete: ${text}`]
  if (status !== 200) {
    const { type, error } = JSON.parse(text) as { type: string; error: { type: string } }
    return status === 502 && type === "error" && error.type === "api_error" ? [] : [`is answered ${status}: ${text}`]
  }
  const sent = events.slice(0, -1)
  const last = events.at(-1)
  if (!same(sent, whole.slice(0, sent.length))) return [`says something else: ${text}`]
  if (last?.type !== "error" || last.error.type !== "api_error") return [`does not end with an error: ${text}`]
  return sent.length === 0 ? [`fails in a stream that says nothing else: ${text}`] : []
}

function uncounted(events: readonly MessageEvent[]): readonly MessageEvent[] {
  return events.map((event) => (event.type === "message_delta" ? { ...event, usage: { output_tokens: 0 } } : event))
}

function same(a: readonly MessageEvent[], b: readonly MessageEvent[]): boolean {
  return JSON.stringify(a) === JSON.stringify(b)
}
