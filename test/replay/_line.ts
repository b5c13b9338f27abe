/** Conversations of two turns: the official SDK, a proxy that listens, and a scripted backend. */
import Anthropic from "@anthropic-ai/sdk"
import { serve } from "h3"
import type { Storage } from "unstorage"
import { afterEach } from "vitest"
import type { Config } from "../../src/config/config.ts"
import { createLog } from "../../src/log.ts"
import { createProxy } from "../../src/proxy.ts"
import { chunks, json, startBackend, type Script, type ScriptedBackend } from "../_backend.ts"

type BackendConfig = Omit<Config["backends"][string], "base_url">

export interface Setting {
  readonly backend?: BackendConfig
  readonly server?: Config["server"]
  readonly keys?: Config["keys"]
  readonly storage?: Storage
  /** Another proxy's backend, so that it can be asked again. */
  readonly like?: Conversation
}

export interface Conversation {
  readonly backend: ScriptedBackend
  readonly lines: readonly string[]
  /** The client of this key; models are `one`, `two` (another model) and `other` (the same behind another backend). */
  client(key?: string): Anthropic
  /** The messages of the last request, or its input items. */
  last(): readonly unknown[]
  close(): Promise<void>
}

export const KEY = "key-of-the-application"
export const TOOLS: Anthropic.Tool[] = [{ name: "look", input_schema: { type: "object" } }]
export const ASK: Anthropic.MessageParam = { role: "user", content: "Look." }

const open: Conversation[] = []

/** Ends what {@link start} began, after each test. */
export function closeAll(): void {
  afterEach(async () => {
    for (const conversation of open.splice(0)) await conversation.close()
  })
}

export async function start({ backend: settings = {}, like, ...setting }: Setting = {}): Promise<Conversation> {
  const backend = like?.backend ?? (await startBackend())
  const lines: string[] = []
  const same = { api: "chat", ...settings, base_url: backend.url } as const
  const proxy = await createProxy(
    {
      backends: { main: same, spare: same },
      models: {
        one: { backend: "main", model: "m1" },
        two: { backend: "main", model: "m2" },
        other: { backend: "spare", model: "m1" },
      },
      keys: setting.keys ?? [{ name: "app", key: KEY }],
      ...(setting.server && { server: setting.server }),
    },
    {
      log: createLog({ level: "info", write: (line) => lines.push(line), mask: (text) => text }),
      ...(setting.storage && { storage: setting.storage }),
    },
  )
  const server = await serve(proxy.app, { port: 0, hostname: "127.0.0.1", silent: true, gracefulShutdown: false }).ready()
  const conversation: Conversation = {
    backend,
    lines,
    client: (key = KEY) => new Anthropic({ baseURL: (server.url ?? "").replace(/\/$/, ""), apiKey: key, maxRetries: 0 }),
    last() {
      const body = backend.asked.at(-1)?.body as { messages?: readonly unknown[]; input?: readonly unknown[] }
      return body.messages ?? body.input ?? []
    },
    async close() {
      await server.close(true)
      await proxy.close()
      if (!like) await backend.close()
    },
  }
  open.push(conversation)
  return conversation
}

/** What a client asks for beside the messages. */
export interface Wish {
  readonly model?: string
  readonly thinking?: Anthropic.ThinkingConfigParam
  readonly key?: string
  readonly stream?: boolean
}

/** One request; the Message as the SDK adds it up. */
export async function ask(
  { client, backend }: Conversation,
  script: Script,
  messages: Anthropic.MessageParam[],
  { model = "one", thinking, key, stream = false }: Wish = {},
): Promise<Anthropic.Message> {
  backend.play(script)
  const request = { model, max_tokens: 2000, tools: TOOLS, messages, ...(thinking && { thinking }) }
  if (!stream) return client(key).messages.create(request)
  return client(key).messages.stream(request).finalMessage()
}

/** The history with the answer and a result for each of its calls. */
export function answered(message: Anthropic.Message, before: Anthropic.MessageParam[] = [ASK]): Anthropic.MessageParam[] {
  const results = message.content.flatMap((block): Anthropic.ToolResultBlockParam[] =>
    block.type === "tool_use" ? [{ type: "tool_result", tool_use_id: block.id, content: "seen" }] : [],
  )
  // As a client keeps it: what came, through JSON.
  const content = JSON.parse(JSON.stringify(message.content)) as Anthropic.ContentBlockParam[]
  return [...before, { role: "assistant", content }, { role: "user", content: results.length > 0 ? results : "And?" }]
}

/** Both turns: what the backend was sent in the second, but for the first message and the tools' results. */
export async function turns(conversation: Conversation, script: Script, first: Wish = {}, second: Wish = first): Promise<readonly unknown[]> {
  const message = await ask(conversation, script, [ASK], first)
  await ask(conversation, SEEN, answered(message), second)
  return conversation.last().filter((item) => !isAside(item))
}

const USAGE = { prompt_tokens: 10, completion_tokens: 5 }

/** An answer that ends a conversation, in either API. */
export const SEEN = json(200, {
  status: "completed",
  choices: [{ message: { role: "assistant", content: "Seen." }, finish_reason: "stop" }],
  output: [{ type: "message", role: "assistant", content: [{ type: "output_text", text: "Seen." }] }],
  usage: USAGE,
})

/** A streamed answer of Chat Completions with these deltas. */
export function streamed(...deltas: readonly object[]): Script {
  const all = [...deltas, {}].map((delta, n) => ({
    choices: [{ index: 0, delta, finish_reason: n === deltas.length ? "tool_calls" : null }],
  }))
  return chunks([...all, { choices: [], usage: USAGE }])
}

/** The same answer, whole. */
export function whole(message: object): Script {
  return json(200, { choices: [{ index: 0, message: { role: "assistant", ...message }, finish_reason: "tool_calls" }], usage: USAGE })
}

export function call(id: string, args = "{}", more: object = {}): object {
  return { id, type: "function", function: { name: "look", arguments: args }, ...more }
}

function isAside(item: unknown): boolean {
  const { role, type } = item as { role?: string; type?: string }
  return role === "user" || role === "tool" || type === "function_call_output"
}
