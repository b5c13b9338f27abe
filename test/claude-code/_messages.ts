/** What a backend of the Messages API streams, and what reached it. */
import type { MessageRequest } from "../../src/anthropic/types.ts"
import { raw, type Asked, type Script } from "../_backend.ts"
import type { Called } from "./_scripts.ts"

/** A block as it begins, and what is then told of it. */
interface Block {
  readonly start: object
  readonly deltas: readonly object[]
}

/** A whole answer of these blocks. */
export function streams(stop_reason: string, ...blocks: readonly Block[]): Script {
  const usage = { input_tokens: 1200, output_tokens: 1 }
  const message = { id: "msg_1", type: "message", role: "assistant", model: "m", content: [], usage }
  return raw(
    event("message_start", { message }),
    ...blocks.flatMap(({ start, deltas }, index) => [
      event("content_block_start", { index, content_block: start }),
      ...deltas.map((delta) => event("content_block_delta", { index, delta })),
      event("content_block_stop", { index }),
    ]),
    event("message_delta", { delta: { stop_reason, stop_sequence: null }, usage: { output_tokens: 20 } }),
    event("message_stop", {}),
  )
}

export function text(text: string): Block {
  return { start: { type: "text", text: "" }, deltas: [{ type: "text_delta", text }] }
}

export function thinking(thinking: string, signature: string): Block {
  return {
    start: { type: "thinking", thinking: "", signature: "" },
    deltas: [
      { type: "thinking_delta", thinking },
      { type: "signature_delta", signature },
    ],
  }
}

export function toolUse({ id, name, input }: Called): Block {
  const partial_json = JSON.stringify(input)
  return { start: { type: "tool_use", id, name, input: {} }, deltas: [{ type: "input_json_delta", partial_json }] }
}

/** A request's body. */
export function requestOf(asked: Asked | undefined): MessageRequest {
  if (typeof asked?.body !== "object" || asked.body === null) throw new Error("nothing with a body was asked")
  return asked.body as MessageRequest
}

function event(type: string, fields: object): string {
  return `event: ${type}\ndata: ${JSON.stringify({ type, ...fields })}\n\n`
}
