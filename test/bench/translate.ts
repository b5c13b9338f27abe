/** The least translation of a request that is right for this benchmark: the hand-written servers share it. */
import { UPSTREAM } from "./listen.ts"

/** What of Anthropic's request is read. */
export interface Ask {
  readonly model: string
  readonly max_tokens: number
  readonly stream?: boolean
  readonly system?: readonly Text[]
  readonly tools?: readonly { readonly name: string; readonly description: string; readonly input_schema: object }[]
  readonly messages: readonly { readonly role: string; readonly content: readonly Block[] }[]
}

type Text = { readonly text: string }

type Block =
  | { readonly type: "text"; readonly text: string }
  | { readonly type: "tool_use"; readonly id: string; readonly name: string; readonly input: unknown }
  | { readonly type: "tool_result"; readonly tool_use_id: string; readonly content: readonly Text[] }

/** What of a chunk, or of a whole answer, is read. */
export interface Reply {
  readonly choices: readonly [
    { readonly delta?: { readonly content?: string }; readonly message?: { readonly content: string } }?,
  ]
  readonly usage?: { readonly prompt_tokens: number; readonly completion_tokens: number }
}

export const CHAT_URL = `${UPSTREAM}/v1/chat/completions`

/** One of Anthropic's stream events. */
export interface Event {
  readonly type: string
  readonly [key: string]: unknown
}

/** The body of a Chat Completions request. */
export function toChat({ model, max_tokens, stream, system, tools, messages }: Ask): string {
  const out: object[] = system ? [{ role: "system", content: textOf(system) }] : []
  for (const { role, content } of messages) {
    const texts: Extract<Block, { type: "text" }>[] = []
    const tool_calls: object[] = []
    for (const block of content) {
      if (block.type === "text") texts.push(block)
      else if (block.type === "tool_result") {
        out.push({ role: "tool", tool_call_id: block.tool_use_id, content: textOf(block.content) })
      } else {
        const { id, name, input } = block
        tool_calls.push({ id, type: "function", function: { name, arguments: JSON.stringify(input) } })
      }
    }
    out.push({ role, content: textOf(texts), ...(tool_calls.length > 0 && { tool_calls }) })
  }
  return JSON.stringify({
    model,
    max_tokens,
    messages: out,
    tools: tools?.map(({ name, description, input_schema: parameters }) => {
      return { type: "function", function: { name, description, parameters } }
    }),
    ...(stream && { stream, stream_options: { include_usage: true } }),
  })
}

/** A whole answer as Anthropic's Message. */
export function toMessage({ choices: [choice], usage }: Reply): object {
  return {
    ...START.message,
    content: [{ type: "text", text: choice?.message?.content }],
    stop_reason: "end_turn",
    usage: { input_tokens: usage?.prompt_tokens, output_tokens: usage?.completion_tokens },
  }
}

/** The first two events of a stream and the last three. */
export const START = {
  type: "message_start",
  message: { id: "msg_1", type: "message", role: "assistant", model: "bench", content: [], usage: {} },
}
export const OPEN = { type: "content_block_start", index: 0, content_block: { type: "text", text: "" } }

export function toEnd({ usage }: Reply): readonly Event[] {
  const delta = { stop_reason: "end_turn", stop_sequence: null }
  const told = { input_tokens: usage?.prompt_tokens, output_tokens: usage?.completion_tokens }
  return [
    { type: "content_block_stop", index: 0 },
    { type: "message_delta", delta, usage: told },
    { type: "message_stop" },
  ]
}

function textOf(parts: readonly Text[]): string {
  return parts.map(({ text }) => text).join("\n")
}
