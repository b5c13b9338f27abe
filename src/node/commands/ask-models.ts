/**
 * Asks a backend which models it has: `GET /models`, which Ollama, LM Studio, vLLM, llama.cpp, OpenAI, OpenRouter and
 * most others answer alike, and `GET /v1/models` of the Messages API.
 */
import { toAuth, toUrl } from "../../dial/address.ts"
import type { Backend } from "../../stage.ts"
import { isObject, type JsonObject } from "../../wires/is-object.ts"
import { parseJson } from "../../wires/json.ts"
import { askServer, NoAnswer } from "./ask-server.ts"

export interface OfferedModel {
  readonly id: string
  /** Who serves it, as the server says. */
  readonly owner: string | undefined
  /** Tokens of its context window, where the server tells. */
  readonly context: number | undefined
}

/** What came of asking. */
export type Offer =
  | { readonly kind: "listed"; readonly models: readonly OfferedModel[]; readonly ms: number }
  /** It answers, but has no such list. */
  | { readonly kind: "unlisted"; readonly ms: number }
  /** It cannot be used: in words. */
  | { readonly kind: "failed"; readonly why: string }

/** @param patience Seconds. */
export async function askModels(backend: Backend, patience = 5): Promise<Offer> {
  const { base_url, profile } = backend
  if (base_url === "demo:") return { kind: "listed", models: [toModel("demo", {})], ms: 0 }
  const api = backend.api === "auto" ? profile.api : backend.api
  const began = performance.now()
  try {
    const headers = {
      accept: "application/json",
      "user-agent": "llm-proxy",
      ...(api === "anthropic" && { "anthropic-version": "2023-06-01" }),
      ...toAuth(backend),
      ...backend.headers,
    }
    const { status, text } = await askServer(toUrl(backend, api === "anthropic" ? "/v1/models" : "/models"), headers, patience)
    return toOffer(status, text, Math.round(performance.now() - began))
  } catch (error) {
    return { kind: "failed", why: explain(error, patience) }
  }
}

/** Ollama's own names end in a tag that may be left out; Gemini's begin with a folder that may. */
export function sameModel(asked: string, offered: string): boolean {
  return [offered, offered.replace(/:latest$/, ""), offered.replace(/^models\//, "")].includes(asked)
}

function toOffer(status: number, text: string, ms: number): Offer {
  if (status === 401 || status === 403) return { kind: "failed", why: `refuses the key (${status})` }
  if (status === 404 || status === 405 || status === 501) return { kind: "unlisted", ms }
  if (status !== 200) return { kind: "failed", why: `answers ${status} to a question for its models` }
  const answer = parseJson(text)
  // A page that answers every path is not a list; Together's list stands alone.
  const list = Array.isArray(answer) ? answer : isObject(answer) ? answer["data"] : undefined
  if (!Array.isArray(list)) return { kind: "unlisted", ms }
  const models = list.flatMap((one: unknown) => {
    return isObject(one) && typeof one["id"] === "string" ? [toModel(one["id"], one)] : []
  })
  return { kind: "listed", models, ms }
}

function toModel(id: string, model: JsonObject): OfferedModel {
  const owner = model["owned_by"]
  return { id, owner: typeof owner === "string" ? owner : undefined, context: contextOf(model) }
}

/** vLLM, OpenRouter and Together, Groq, Mistral, llama.cpp: each says it in a field of its own. */
function contextOf(model: JsonObject): number | undefined {
  const { max_model_len, context_length, context_window, max_context_length, meta } = model
  const told = [max_model_len, context_length, context_window, max_context_length, isObject(meta) ? meta["n_ctx"] : 0]
  return told.find((tokens): tokens is number => typeof tokens === "number" && tokens > 0)
}

function explain(error: unknown, patience: number): string {
  const code = error instanceof NoAnswer ? error.code : undefined
  if (code === "timeout") return `did not answer within ${patience} s`
  if (code === "ECONNREFUSED") return "cannot be reached: nothing listens there"
  if (code === "ENOTFOUND" || code === "EAI_AGAIN") return "cannot be reached: there is no such host"
  return `cannot be reached${code ? ` (${code})` : ""}`
}
