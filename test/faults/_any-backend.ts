/** A backend that speaks every API, told by the path, and answers whatever is asked of it. */
import type { ServerResponse } from "node:http"
import type { Config } from "../../src/config/config.ts"
import { json, raw, startBackend, type Script, type ScriptedBackend } from "../_backend.ts"
import { hello, whole } from "../http/_messages.ts"

/** The words of every answer. */
export const SAYS = "Hello!"

/** The end of a path, and the answer as one piece and as a stream. */
const ANSWERS: readonly (readonly [path: string, whole: Script, stream: Script])[] = [
  [
    "/chat/completions",
    json(200, { choices: [{ message: { content: SAYS }, finish_reason: "stop" }] }),
    raw(`data: ${JSON.stringify({ choices: [{ delta: { content: SAYS }, finish_reason: "stop" }] })}\n\ndata: [DONE]\n\n`),
  ],
  ["/responses", json(200, completed()), raw(`data: ${JSON.stringify({ type: "response.completed", response: completed() })}\n\n`)],
  ["/v1/messages", whole, raw(hello)],
  ["/count_tokens", json(200, { input_tokens: 7 }), json(500, {})],
  ["/tokenize", json(200, { count: 7 }), json(500, {})],
]

export interface AnyBackend extends ScriptedBackend {
  /** From now on all requests are answered so; without a script as they were asked. */
  now(script?: Script): void
}

/** It answers five thousand requests. */
export async function startAnyBackend(): Promise<AnyBackend> {
  const backend = await startBackend()
  let now: Script | undefined
  const answer = (response: ServerResponse): void => {
    const asked = ANSWERS.find(([path]) => response.req.url?.endsWith(path))
    const body = backend.asked.at(-1)?.body
    const streams = typeof body === "object" && body !== null && "stream" in body && body.stream === true
    const script = now ?? asked?.[streams ? 2 : 1] ?? json(404, {})
    script.answer(response)
  }
  backend.play(...Array.from({ length: 5000 }, () => ({ answer })))
  return { ...backend, now: (script) => void (now = script) }
}

/** Each API as a model of its own; `data` is one that reads no image URLs, `counts` one that counts tokens. */
export const MODELS = ["chat", "responses", "anthropic", "data", "counts"] as const

/** A config with each of {@link MODELS} at a backend of its name. */
export function configFor(url: string, api_key: string): Config {
  return {
    models: Object.fromEntries(MODELS.map((name) => [name, { backend: name, model: `${name}-model` }])),
    backends: {
      chat: { base_url: url, api: "chat", api_key },
      responses: { base_url: url, api: "responses", api_key },
      anthropic: { base_url: url, api: "anthropic", api_key },
      data: { base_url: url, profile: "ollama", api_key },
      counts: { base_url: url, profile: "vllm", api_key },
    },
  }
}

function completed(): object {
  const content = [{ type: "output_text", text: SAYS, annotations: [] }]
  const output = [{ type: "message", id: "m", role: "assistant", status: "completed", content }]
  return { id: "r", object: "response", status: "completed", output, usage: { input_tokens: 5, output_tokens: 1 } }
}
