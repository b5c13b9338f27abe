/**
 * The mock's answers in both APIs, as bytes that are ready but for the text: Chat Completions for those that
 * translate, Anthropic's events for the pipe that does not, so that one client can check them all.
 */
import { PROMPT_TOKENS, WHOLE } from "./order.ts"

export interface Dialect {
  /** What comes before the first text. */
  readonly head: string
  event(text: string): string
  tail(events: number): string
  readonly whole: string
}

export const chat: Dialect = {
  head: toChunk('"choices":[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}]'),
  event: (text) =>
    toChunk(
      `"system_fingerprint":"fp_bench","choices":[{"index":0,"delta":{"content":${JSON.stringify(text)}},` +
        '"logprobs":null,"finish_reason":null}]',
    ),
  tail: (events) =>
    toChunk('"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]') +
    toChunk(`"choices":[],"usage":${toUsage(events)}`) +
    "data: [DONE]\n\n",
  whole: JSON.stringify({
    id: "chatcmpl-bench0123456789",
    object: "chat.completion",
    created: 1_764_000_000,
    model: "gpt-bench",
    choices: [{ index: 0, message: { role: "assistant", content: WHOLE }, logprobs: null, finish_reason: "stop" }],
    usage: JSON.parse(toUsage(1)),
  }),
}

const USAGE = { input_tokens: PROMPT_TOKENS }
const END = { stop_reason: "end_turn", stop_sequence: null }
const MESSAGE = { id: "msg_bench", type: "message", role: "assistant", model: "bench", stop_sequence: null }

export const anthropic: Dialect = {
  head:
    toEvent({
      type: "message_start",
      message: { ...MESSAGE, content: [], stop_reason: null, usage: { ...USAGE, output_tokens: 0 } },
    }) + toEvent({ type: "content_block_start", index: 0, content_block: { type: "text", text: "" } }),
  event: (text) => toEvent({ type: "content_block_delta", index: 0, delta: { type: "text_delta", text } }),
  tail: (output_tokens) =>
    toEvent({ type: "content_block_stop", index: 0 }) +
    toEvent({ type: "message_delta", delta: END, usage: { output_tokens } }) +
    toEvent({ type: "message_stop" }),
  whole: JSON.stringify({
    ...MESSAGE,
    content: [{ type: "text", text: WHOLE }],
    stop_reason: "end_turn",
    usage: { ...USAGE, output_tokens: 1 },
  }),
}

/** One of Anthropic's events as it goes over the wire. */
export function toEvent(event: { readonly type: string; readonly [key: string]: unknown }): string {
  return `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`
}

function toChunk(rest: string): string {
  const same = '"object":"chat.completion.chunk","created":1764000000,"model":"gpt-bench"'
  return `data: {"id":"chatcmpl-bench0123456789",${same},${rest}}\n\n`
}

function toUsage(events: number): string {
  return `{"prompt_tokens":${PROMPT_TOKENS},"completion_tokens":${events},"total_tokens":${PROMPT_TOKENS + events}}`
}
