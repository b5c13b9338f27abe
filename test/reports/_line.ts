/** The whole proxy before one scripted backend, which plays several kinds of backend under several names. */
import { afterAll, beforeAll } from "vitest"
import type { MessageEvent } from "../../src/anthropic/events.ts"
import type { Config } from "../../src/config/config.ts"
import { chunks, json, startBackend, type Script, type ScriptedBackend } from "../_backend.ts"
import { delta, eventsIn, startProxy, type TestProxy } from "../_proxy.ts"

/** A backend's settings but for its address. */
export type Kind = Omit<Config["backends"][string], "base_url">

export interface Line {
  readonly proxy: TestProxy
  readonly backend: ScriptedBackend
  /** What a client that streams gets when the backend answers so; the model is `chat` unless given. */
  stream(script: Script, request?: object): Promise<MessageEvent[]>
  /** The answer's JSON for a client that does not stream. */
  whole(script: Script, request?: object): Promise<unknown>
  /** The backend's body for this request. */
  asked(request: object): Promise<unknown>
}

/** Starts it for a file of tests. Models are called like the kinds; `chat` is always there, and of the general kind. */
export function useLine(kinds: Readonly<Record<string, Kind>> = {}, server: Config["server"] = {}): Line {
  let running: { readonly proxy: TestProxy; readonly backend: ScriptedBackend } | undefined
  beforeAll(async () => {
    const backend = await startBackend()
    const named = Object.entries({ chat: {}, ...kinds })
    const backends = named.map(([name, kind]): [string, Config["backends"][string]] => {
      return [name, { api: "chat", profile: "general", ...kind, base_url: backend.url }]
    })
    const models = named.map(([name]) => [name, { backend: name, model: `${name}-model` }])
    const tables = { backends: Object.fromEntries(backends), models: Object.fromEntries(models) }
    const proxy = await startProxy({ ...tables, server })
    running = { proxy, backend }
  })
  afterAll(async () => {
    await running?.proxy.close()
    await running?.backend.close()
  })
  const started = () => {
    if (!running) throw new Error("the proxy is there once tests run")
    return running
  }
  const ask = (script: Script, request: object): Promise<Response> => {
    const { proxy, backend } = started()
    backend.play(script)
    return proxy.send({ model: "chat", ...request })
  }
  return {
    get proxy() {
      return started().proxy
    },
    get backend() {
      return started().backend
    },
    stream: async (script, request) => eventsIn(await (await ask(script, { ...request, stream: true })).text()),
    whole: async (script, request = {}) => (await ask(script, request)).json(),
    async asked(request) {
      const count = started().backend.asked.length
      const response = await ask(OK, request)
      if (started().backend.asked.length !== count + 1) throw new Error(`not asked once: ${await response.text()}`)
      return started().backend.asked.at(-1)?.body
    },
  }
}

/** An answer that either API takes for one. */
const OK = json(200, {
  status: "completed",
  choices: [{ message: { role: "assistant", content: "ok" }, finish_reason: "stop" }],
  output: [{ type: "message", role: "assistant", content: [{ type: "output_text", text: "ok" }] }],
})

/** The counts that {@link answer} tells and {@link told} expects. */
export const USAGE = { prompt_tokens: 10, completion_tokens: 5 }

/** A stream of Chat Completions with these deltas, an end and {@link USAGE}. */
export function answer(finish: string, ...deltas: readonly object[]): Script {
  return chunks([...deltas.map((it) => delta(it)), delta({}, finish), { choices: [], usage: USAGE }])
}

/** A piece of a call, as a delta. */
export function piece(index: number, { id, name, args }: Piece): object {
  const label = id === undefined ? {} : { id, type: "function" }
  return { tool_calls: [{ index, ...label, function: { ...(name !== undefined && { name }), arguments: args } }] }
}

interface Piece {
  readonly id?: string
  readonly name?: string
  readonly args?: unknown
}

/** A tool of this name that takes anything. */
export function tool(name: string): object {
  return { name, input_schema: { type: "object" } }
}
