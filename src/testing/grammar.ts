/** What every reply obeys: Anthropic's grammar of stream events, checked without a look at how replies are written. */
import type { MessageEvent } from "../anthropic/events.ts"

/** Which deltas a kind of block may have. The signature is the last of a thinking block. */
const DELTAS: ReadonlyMap<string, readonly string[]> = new Map([
  ["text", ["text_delta", "citations_delta"]],
  ["thinking", ["thinking_delta", "signature_delta"]],
  ["tool_use", ["input_json_delta"]],
  ["server_tool_use", ["input_json_delta"]],
  ["web_search_tool_result", []],
])

/**
 * How a list of events breaks the grammar, one sentence for each breach; none for a reply as it must be.
 *
 * A reply that fails before it has begun is one `error` event alone; one that fails later may leave a block open.
 */
export function checkGrammar(events: readonly MessageEvent[]): readonly string[] {
  const breaches: string[] = []
  let started = false
  let next = 0 // index of the block that may begin now
  let open: { readonly type: string; signed: boolean } | undefined
  let stopping = false // message_delta has come
  let ended = false
  for (const [n, event] of events.entries()) {
    const breach = (text: string): void => void breaches.push(`event ${n} (${event.type}): ${text}`)
    if (ended) breach("comes after the end")
    if (event.type === "ping") continue
    if (!started && event.type !== "message_start" && event.type !== "error") breach("comes before message_start")
    switch (event.type) {
      case "message_start":
        if (started) breach("the message has started already")
        if (event.message.content.length > 0) breach("content is told by the blocks that follow")
        started = true
        break
      case "content_block_start":
        if (open) breach("another block is open")
        if (stopping) breach("a block after message_delta")
        if (event.index !== next) breach(`index ${event.index} where ${next} is next`)
        if (!DELTAS.has(event.content_block.type)) breach(`a block of type ${event.content_block.type}`)
        open = { type: event.content_block.type, signed: false }
        break
      case "content_block_delta":
        if (!open) breach("no block is open")
        else if (!DELTAS.get(open.type)?.includes(event.delta.type))
          breach(`a ${event.delta.type} in a ${open.type} block`)
        if (event.index !== next) breach(`index ${event.index} where ${next} is open`)
        if (open?.signed) breach("a delta after the signature")
        if (open && event.delta.type === "signature_delta") open.signed = true
        break
      case "content_block_stop":
        if (!open) breach("no block is open")
        if (event.index !== next) breach(`index ${event.index} where ${next} is open`)
        if (open?.type === "thinking" && !open.signed) breach("a thinking block without a signature")
        open = undefined
        next++
        break
      case "message_delta":
        if (open) breach("a block is still open")
        if (stopping) breach("there was one already")
        if (event.delta.stop_reason === null) breach("no stop_reason")
        stopping = true
        break
      case "message_stop":
        if (!stopping) breach("no message_delta came before it")
        ended = true
        break
      case "error":
        if (stopping) breach("the message had been declared complete")
        ended = true
        break
      default:
        breach("no such event")
    }
  }
  if (!ended) breaches.push("the reply has no end")
  return breaches
}
