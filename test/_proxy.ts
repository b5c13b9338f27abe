/** A proxy that listens on loopback as the real one does, and plain ways to ask it. */
import { serve } from "h3"
import type { Storage } from "unstorage"
import { createMask, createLog, type Level } from "../src/log.ts"
import type { Config } from "../src/config/config.ts"
import type { MessageEvent } from "../src/anthropic/events.ts"
import { resolveConfig } from "../src/config/config.ts"
import { undiciFetch } from "../src/node/undici.ts"
import type { PluginUse } from "../src/plugin/plugin.ts"
import { createProxy } from "../src/proxy.ts"

export const KEY = "sk-proxy-test-key"

export interface TestProxy {
  /** Without a slash at its end. */
  readonly url: string
  /** Every log line so far. */
  readonly lines: readonly string[]
  ask(path: string, init?: { method?: string; headers?: Record<string, string>; body?: unknown; signal?: AbortSignal }): Promise<Response>
  /** Posts a message request; `max_tokens` and a user message are there unless given. */
  send(request: object, headers?: Record<string, string>, signal?: AbortSignal): Promise<Response>
  close(): Promise<void>
}

export interface TestOptions {
  readonly plugins?: readonly PluginUse[]
  readonly level?: Level
  readonly missing?: ReadonlyMap<string, readonly string[]>
  readonly storage?: Storage
}

export async function startProxy(config: Config, { plugins = [], level = "debug", missing, storage }: TestOptions = {}): Promise<TestProxy> {
  const lines: string[] = []
  const settings = resolveConfig({ ...config, keys: config.keys ?? [{ name: "test", key: KEY }] }, missing)
  const log = createLog({ level, write: (line) => lines.push(line), mask: createMask(settings.secrets) })
  const proxy = await createProxy(settings, { fetch: undiciFetch, log, plugins, ...(storage && { storage }) })
  const server = await serve(proxy.app, { port: 0, hostname: "127.0.0.1", silent: true, gracefulShutdown: false }).ready()
  const url = (server.url ?? "").replace(/\/$/, "")
  const ask: TestProxy["ask"] = (path, { method, headers = { "x-api-key": KEY }, body, signal } = {}) =>
    fetch(url + path, {
      method: method ?? (body === undefined ? "GET" : "POST"),
      headers: { "content-type": "application/json", ...headers },
      ...(body !== undefined && { body: typeof body === "string" ? body : JSON.stringify(body) }),
      ...(signal && { signal }),
    })
  return {
    url,
    lines,
    ask,
    send: (request, headers, signal) =>
      ask("/v1/messages", {
        body: { max_tokens: 100, messages: [{ role: "user", content: "Hello" }], ...request },
        ...(headers && { headers }),
        ...(signal && { signal }),
      }),
    async close() {
      await server.close(true)
      await proxy.close()
    },
  }
}

/** The events of a stream, checked to be framed as Anthropic's clients need them. */
export function eventsIn(text: string): MessageEvent[] {
  return text
    .split("\n\n")
    .filter((part) => part !== "")
    .map((part) => {
      const [, name, data] = /^event: (\w+)\ndata: (.*)$/.exec(part) ?? []
      const event = JSON.parse(data ?? "null") as MessageEvent
      if (event.type !== name) throw new Error(`an event is framed wrongly: ${part}`)
      return event
    })
}

/** A chunk with one delta. */
export function delta(value: object, finish_reason: string | null = null): object {
  return { id: "c", object: "chat.completion.chunk", choices: [{ index: 0, delta: value, finish_reason }] }
}
