/**
 * A proxy whose backend is a script instead of a server, for faults that take minutes: with fake timers they take
 * none. Nothing here touches a socket, which fake timers would stop, too.
 */
import { resolveConfig, type Config } from "../../src/config/config.ts"
import type { PluginUse } from "../../src/plugin/plugin.ts"
import { createProxy } from "../../src/proxy.ts"
import { eventsIn, KEY } from "../_proxy.ts"

/** One answer that a test writes as it goes. */
export interface Played {
  /** Writes a text as it is. */
  push(text: string): void
  end(): void
  /** What the call was aborted with; undefined as long as it is not. */
  readonly aborted: unknown
}

export interface PlayedProxy {
  /** A request whose backend begins its answer with these headers. */
  ask(request: object, headers?: Readonly<Record<string, string>>): Promise<{ readonly backend: Played; readonly told: Told }>
}

/** What the client has got so far. */
export interface Told {
  readonly text: string
  /** The types of the events so far, pings among them. */
  readonly types: readonly string[]
  /** What it was answered, without the stream: a status, and the error where it is one. */
  readonly status: number | undefined
  readonly over: boolean
}

/** @param more Beside one model `m` at one backend `b`. */
export async function playedProxy(
  more: Partial<Config["backends"][string]> = {},
  plugins: readonly PluginUse[] = [],
): Promise<PlayedProxy> {
  const config = { models: { m: { backend: "b", model: "m" } }, backends: { b: { base_url: "http://b.test/v1", ...more } } }
  let asked: (call: { controller: ReadableStreamDefaultController<Uint8Array>; state: { aborted: unknown } }) => void = () => {}
  let heading: Readonly<Record<string, string>> = {}
  const fetch: typeof globalThis.fetch = (_, init) => {
    const state: { aborted: unknown } = { aborted: undefined }
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        asked({ controller, state })
        init?.signal?.addEventListener("abort", () => {
          state.aborted = init.signal?.reason
          controller.error(init.signal?.reason)
        })
      },
      cancel: (reason) => void (state.aborted ??= reason ?? "nobody reads on"),
    })
    return Promise.resolve(new Response(body, { headers: { "content-type": "text/event-stream", ...heading } }))
  }
  const proxy = await createProxy(resolveConfig({ ...config, keys: [{ name: "test", key: KEY }] }), { fetch, plugins })
  return {
    async ask(request, headers = {}) {
      heading = headers
      const called = new Promise<Parameters<typeof asked>[0]>((resolve) => void (asked = resolve))
      const body = JSON.stringify({ model: "m", max_tokens: 9, messages: [{ role: "user", content: "Hi" }], ...request })
      const init = { method: "POST", headers: { "x-api-key": KEY, "content-type": "application/json" }, body }
      const told = read(Promise.resolve(proxy.fetch(new Request("http://proxy.test/v1/messages", init))))
      const call = await called
      const backend: Played = {
        push: (text) => call.controller.enqueue(new TextEncoder().encode(text)),
        end: () => call.controller.close(),
        get aborted() {
          return call.state.aborted
        },
      }
      return { backend, told }
    },
  }
}

/** Reads an answer as it comes. */
function read(answering: Promise<Response>): Told {
  const told = {
    text: "",
    status: undefined as number | undefined,
    over: false,
    get types() {
      return eventsIn(this.text).map(({ type }) => type)
    },
  }
  const follow = async (): Promise<void> => {
    const response = await answering
    told.status = response.status
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader()
    for (let piece = await reader?.read(); piece && !piece.done; piece = await reader?.read()) told.text += piece.value
    told.over = true
  }
  void follow()
  return told
}
