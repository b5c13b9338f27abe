/**
 * Asks a backend how many tokens a request takes, where it has a way to tell: vLLM's and llama.cpp's servers cut with
 * the model's own vocabulary and chat template, and the Messages API has its `count_tokens`. Nobody is waited for long,
 * as there is an estimate to fall back on.
 */
import { toRoot } from "../dial/address.ts"
import { showsPictures } from "../anthropic/count.ts"
import type { MessageRequest } from "../anthropic/types.ts"
import { chooseApi } from "../choose-api.ts"
import type { Call, Dial } from "../dial/dial.ts"
import { ProxyError } from "../error.ts"
import { forward } from "../dial/forward.ts"
import { readText } from "../dial/read-text.ts"
import type { Routed, Target, Translated } from "../stage.ts"
import { targetKey } from "../state/target-key.ts"
import { isObject, type JsonObject } from "../wires/is-object.ts"
import { parseObject, toJsonText } from "../wires/json.ts"
import { wireOf, type Api } from "../wires/registry.ts"

/** The answer of `count_tokens`; a backend of the Messages API may say more in it, such as `context_management`. */
export interface Count {
  readonly input_tokens: number
}

/**
 * The backend's own count of a request that is to be counted only; undefined when it has none to give. Rejects with
 * what a backend of the Messages API finds wrong with the request itself.
 */
export type Tokenize = (context: Routed) => Promise<Count | undefined>

/** Seconds for an answer. A client that wants the size of a file waits for it. */
const PATIENCE = 5
/** Bytes read of it: vLLM and llama.cpp list every token. */
const ANSWER = 32 * 1024 * 1024
/** Statuses of a server that has no such thing, and seconds until it is asked again. */
const ABSENT: ReadonlySet<number> = new Set([404, 405, 501])
const ABSENT_FOR = 600
/** Statuses that are about the request. All others are about the backend, the key or the hour. */
const FAULTS: ReadonlySet<number> = new Set([400, 413, 422])

/** Translates a request as the line does. */
type Translate = (context: Routed) => Translated | Promise<Translated>

/** A question, for whoever waits for its answer. */
type Asked = Omit<Call, "signal">

/** Posts a text; its answer is an object. */
type Post = (path: string, body: string) => Promise<JsonObject>

export function createTokenize(dial: Dial, translate: Translate): Tokenize {
  const absent = new Map<string, number>() // until when a model's backend is not asked, in ms of the clock
  const open = new Map<string, Promise<JsonObject>>() // questions under way: Claude Code asks thirty at once, some alike

  const ask = async (call: Asked, { backend, model }: Target, api: Api): Promise<JsonObject> => {
    const signal = AbortSignal.timeout(PATIENCE * 1000)
    try {
      const answer = await dial({ ...backend, base_url: toRoot(backend.base_url) }, { ...call, signal })
      const { status, headers } = answer
      const text = await readText(answer.body, ANSWER)
      if (ABSENT.has(status)) absent.set(targetKey({ backend, model }), Date.now() + ABSENT_FOR * 1000)
      if (status !== 200) throw wireOf(api).error(text, { backend: backend.name, status, model, headers })
      const told = parseObject(text)
      return isObject(told) ? told : {}
    } catch (thrown) {
      throw signal.aborted ? new ProxyError(504, `no answer within ${PATIENCE} s`, { cause: thrown }) : thrown
    }
  }
  const share = (call: Asked, target: Target, api: Api): Promise<JsonObject> => {
    const key = targetKey(target) + JSON.stringify({ ...call, from: undefined })
    const asked = open.get(key) ?? ask(call, target, api).finally(() => open.delete(key))
    open.set(key, asked)
    return asked
  }
  return async (context) => {
    const { target, req, log } = context
    const { profile, name } = target.backend
    const api = chooseApi(target)
    const way = api === "chat" ? profile.tokenize : api === "anthropic" ? api : null
    if (way === null || (absent.get(targetKey(target)) ?? 0) > Date.now()) return undefined
    // What a picture is cut into, neither of the servers tells here.
    if (way !== "anthropic" && showsPictures(context.request)) return undefined
    const headers = forward(req.headers, wireOf(api).forwards)
    try {
      return await WAYS[way](await translate(context), (path, body) => share({ path, body, headers, from: req.headers }, target, api))
    } catch (thrown) {
      if (way === "anthropic" && thrown instanceof ProxyError && FAULTS.has(thrown.status)) throw thrown
      log.debug("the backend did not count", { backend: name, error: String(thrown) })
      return undefined
    }
  }
}

/** The Messages API's own, which knows no `max_tokens`. */
async function countRequest(context: Translated, post: Post): Promise<Count | undefined> {
  if (context.api !== "anthropic") return undefined
  const { max_tokens: _, ...body } = context.body
  const asked = wireOf(context.api).toText(body as MessageRequest, context.original)
  const told = await post("/v1/messages/count_tokens", asked)
  const count = toCount(told["input_tokens"])
  return count && { ...told, ...count }
}

/**
 * vLLM's `/tokenize`, which takes a conversation and the tools.
 *
 * Source: `TokenizeChatRequest` in vllm-project/vllm entrypoints/serve/tokenize/protocol.py at 030ea52e.
 */
async function countMessages(context: Translated, post: Post): Promise<Count | undefined> {
  if (context.api !== "chat") return undefined
  const { model, messages, tools, continue_final_message, add_generation_prompt = true } = context.body
  const asked = { model, messages, tools, continue_final_message, add_generation_prompt }
  return toCount((await post("/tokenize", toJsonText(asked)))["count"])
}

/**
 * llama.cpp's `/apply-template`, which takes the body of a chat completion, and its `/tokenize`.
 *
 * Source: ggml-org/llama.cpp tools/server/README.md.
 */
async function countTemplate(context: Translated, post: Post): Promise<Count | undefined> {
  const { prompt } = await post("/apply-template", toJsonText(context.body))
  const { tokens } = await post("/tokenize", toJsonText({ content: prompt, add_special: true }))
  return Array.isArray(tokens) ? toCount(tokens.length) : undefined
}

const WAYS = { anthropic: countRequest, messages: countMessages, template: countTemplate }

function toCount(value: unknown): Count | undefined {
  return typeof value === "number" && Number.isInteger(value) && value > 0 ? { input_tokens: value } : undefined
}
