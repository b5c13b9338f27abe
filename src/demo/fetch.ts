/**
 * The embedded demo backend: a `fetch` that speaks OpenAI's Chat Completions without a network, so that the proxy can
 * be tried before any backend is set up. It echoes, it says that it is a demo, and it calls a tool only when told to
 * (`call NAME`), because agents really run what a backend calls.
 */
import { toAnswer } from "./answer.ts"
import { paced, toChunks, toCompletion } from "./stream.ts"
import type { ChatRequest } from "../wires/chat/types.ts"

/**
 * An in-process `fetch` that speaks OpenAI's Chat Completions: `POST …/chat/completions` and `GET …/models`,
 * whatever stands before these paths. The same request gets the same text. Failures have OpenAI's shape: 400 for a
 * body it cannot read, 404 for other paths.
 *
 * @throws the signal's reason when it is aborted before the answer begins; a begun body fails with it.
 */
export async function demoFetch(url: string | URL | Request, init?: RequestInit): Promise<Response> {
  const request = new Request(url, init)
  // The request's own signal only follows this one, and runtimes may let go of a follower nobody else holds.
  const signal = init?.signal ?? (url instanceof Request ? url.signal : undefined)
  signal?.throwIfAborted()
  const { pathname } = new URL(request.url)
  if (request.method === "GET" && pathname.endsWith("/models")) return Response.json(MODELS)
  if (request.method !== "POST" || !pathname.endsWith("/chat/completions")) {
    return refuse(404, null, `the demo backend has no ${request.method} ${pathname}`)
  }
  const body = parseJson(await request.text())
  signal?.throwIfAborted()
  if (!isRecord(body)) return refuse(400, null, "the body is not a JSON object")
  if (!Array.isArray(body["messages"]) || body["messages"].length === 0) {
    return refuse(400, "messages", "must be a list of at least one message")
  }
  const stranger = body["messages"].findIndex((message) => !isRecord(message) || typeof message["role"] !== "string")
  if (stranger >= 0) return refuse(400, `messages[${stranger}]`, "must be an object with a role")
  return answer(body as unknown as ChatRequest, signal)
}

const MODELS = { object: "list", data: [{ id: "demo", object: "model", created: 0, owned_by: "llm-proxy" }] }

function answer(request: ChatRequest, signal: AbortSignal | undefined): Response {
  const made = toAnswer(request)
  const stamp = {
    id: `chatcmpl-demo-${crypto.randomUUID()}`,
    created: Math.floor(Date.now() / 1000),
    model: typeof request.model === "string" ? request.model : "demo",
  }
  if (request.stream !== true) return Response.json(toCompletion(made, stamp))
  const chunks = toChunks(made, stamp, request.stream_options?.include_usage === true)
  return new Response(paced(chunks, signal), { headers: { "content-type": "text/event-stream; charset=utf-8" } })
}

function refuse(status: number, param: string | null, message: string): Response {
  const text = param === null ? message : `${param}: ${message}`
  return Response.json({ error: { message: text, type: "invalid_request_error", param, code: null } }, { status })
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value)
}
