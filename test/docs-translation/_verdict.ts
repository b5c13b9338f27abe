/** What becomes of a part of a request, found out by translating with it and without it. */
import { isDeepStrictEqual } from "node:util"
import type { MessageEvent } from "../../src/anthropic/events.ts"
import { checkMessageRequest, parseMessageRequest } from "../../src/anthropic/request.ts"
import { GENERAL, withFlags, type ProfileFlags } from "../../src/backends/profile.ts"
import { ProxyError } from "../../src/error.ts"
import type { WireChunk } from "../../src/wires/failure.ts"
import type { Replay } from "../../src/wires/replay.ts"
import { toBody, wireOf } from "../../src/wires/registry.ts"

export interface Sample {
  /** The fields of the request that have the part in them. */
  readonly given: object
  /** The same fields without it; absent where a minimal request has none of them. */
  readonly bare?: object
  /** Fields that both have. */
  readonly beside?: object
  /** What a thinking block of the part carries for the backend. */
  readonly carried?: Replay
  /** Where the general profile has no use for the part. */
  readonly flags?: ProfileFlags
  /** What of the body, as JSON, shows that the part arrived as it was said; of a lossless one. */
  readonly marks?: readonly string[]
  /** Where a refusal says that the fault is. */
  readonly path?: string
}

export interface Verdict {
  readonly how: "lossless" | "by rule" | "refused" | "ignored"
  /** Whether the backend is sent something of it. */
  readonly sent: boolean
  /** Whether a note tells that it was left out. */
  readonly logged: boolean
}

type Api = "chat" | "responses"

const MINIMAL = { model: "m", max_tokens: 100, messages: [{ role: "user", content: "hi" }] }

export function verdictOn({ given, bare, beside, carried, flags = {}, marks, path }: Sample, api: Api): Verdict {
  const profile = withFlags(GENERAL, flags)
  const thoughts = { open: () => carried, recall: () => undefined }
  const without = translate({ ...MINIMAL, ...beside, ...bare })
  try {
    const withIt = translate({ ...MINIMAL, ...beside, ...given })
    const sent = !isDeepStrictEqual(withIt.body, without.body)
    const logged = withIt.notes.some((note) => !without.notes.includes(note))
    const acts = sent || !isDeepStrictEqual(withIt.events, without.events)
    const text = JSON.stringify(withIt.body)
    const whole = sent && marks !== undefined && marks.every((mark) => text.includes(mark))
    return { how: whole ? "lossless" : acts ? "by rule" : "ignored", sent, logged }
  } catch (thrown) {
    if (!(thrown instanceof ProxyError) || thrown.status !== 400) throw thrown
    if (path === undefined || !thrown.message.startsWith(`${path}: `)) throw thrown
    return { how: "refused", sent: false, logged: false }
  }

  function translate(body: object) {
    const request = parseMessageRequest(structuredClone(body))
    checkMessageRequest(request)
    const made = toBody(api, request, { model: `routed-${request.model}`, profile, thoughts })
    const reply = wireOf(api).reply({
      request,
      backend: { name: "b", profile },
      newId: (prefix) => `${prefix}1`,
      note: () => {},
      seal: () => "sealed",
      keep: () => {},
    })
    const events: readonly MessageEvent[] = REPLIES[api].flatMap((chunk) => reply.take([chunk]) ?? [])
    return { body: made.body, notes: made.notes, events: [...events, ...(reply.end() ?? [])] }
  }
}

const call = { id: "c", type: "function_call", call_id: "c", name: "f", arguments: "" }

/**
 * The same answer on either wire: thinking, text, and a call whose arguments come in pieces. Counts are told at once,
 * or they would be guessed from the request, and so differ with it.
 */
const REPLIES: Readonly<Record<Api, readonly WireChunk[]>> = {
  chat: [
    { choices: [{ delta: { reasoning: "Hm." } }], usage: { prompt_tokens: 1, completion_tokens: 1 } },
    { choices: [{ delta: { content: "Hello" } }] },
    { choices: [{ delta: { tool_calls: [{ index: 0, id: "c", function: { name: "f", arguments: '{"a"' } }] } }] },
    { choices: [{ delta: { tool_calls: [{ index: 0, function: { arguments: ":1}" } }] } }] },
    { choices: [{ delta: {}, finish_reason: "tool_calls" }] },
  ],
  responses: [
    { type: "response.created", response: { usage: { input_tokens: 1, output_tokens: 1 } } },
    { type: "response.reasoning_summary_text.delta", item_id: "r", output_index: 0, summary_index: 0, delta: "Hm." },
    { type: "response.output_text.delta", item_id: "m", output_index: 1, content_index: 0, delta: "Hello" },
    { type: "response.output_item.added", output_index: 2, item: call },
    { type: "response.function_call_arguments.delta", item_id: "c", output_index: 2, delta: '{"a"' },
    { type: "response.function_call_arguments.delta", item_id: "c", output_index: 2, delta: ":1}" },
    { type: "response.completed", response: { status: "completed" } },
  ],
}
