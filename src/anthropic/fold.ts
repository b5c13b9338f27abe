/**
 * `fold(events) → Message` and `unfold(message) → events`: the two forms of one answer. `fold(unfold(message))` is the
 * message again, with all that nobody here knows. Whoever needs the other form (encode, cache, log, tests) uses these
 * and nothing else.
 */
import { isTooDeep } from "./depth.ts"
import type { AssistantMessage, BlockDelta, ErrorEvent, MessageEvent, ReplyBlock, Usage } from "./events.ts"

/** What is being folded. Text grows as a list of pieces, so that a long answer costs what its length is. */
interface OpenBlock {
  readonly start: ReplyBlock
  readonly pieces: string[] // of its text, its thinking or its input's JSON
  readonly citations: unknown[]
  signature: string | undefined
}

/** Folds events one at a time. */
export class Folder {
  #start: AssistantMessage | undefined
  #blocks: OpenBlock[] = []
  #end: Partial<AssistantMessage> = {} // what message_delta told beside the counts
  #usage: Usage | undefined // what message_start said, overwritten by what message_delta knows better
  #error: ErrorEvent["error"] | undefined
  #over = false // what a stage emits after the end is no part of the message: a stream's client does not get it either

  take(event: MessageEvent): void {
    if (this.#over) return
    switch (event.type) {
      case "message_start":
        this.#start = event.message
        this.#usage = event.message.usage
        return
      case "content_block_start":
        this.#blocks[event.index] = { start: event.content_block, pieces: [], citations: [], signature: undefined }
        return
      case "content_block_delta": {
        const block = this.#blocks[event.index]
        if (!block) return
        const { delta } = event
        if (delta.type === "text_delta") block.pieces.push(delta.text)
        else if (delta.type === "thinking_delta") block.pieces.push(delta.thinking)
        else if (delta.type === "input_json_delta") block.pieces.push(delta.partial_json)
        else if (delta.type === "citations_delta") block.citations.push(delta.citation)
        else if (delta.type === "signature_delta") block.signature = delta.signature
        return
      }
      case "message_delta": {
        const { type: _type, delta, usage, ...rest } = event // rest: `context_management` and the like
        this.#end = { ...this.#end, ...known(rest), ...known(delta) }
        if (this.#usage) this.#usage = { ...this.#usage, ...known(usage) }
        return
      }
      case "message_stop":
        this.#over = true
        return
      case "error":
        this.#error = event.error
        this.#over = true
        return
      default:
        return
    }
  }

  /** What has come so far as a message; undefined before `message_start`. */
  get message(): AssistantMessage | undefined {
    if (!this.#start) return undefined
    const usage = this.#usage && { usage: this.#usage }
    return { ...this.#start, ...this.#end, content: this.#blocks.map(toBlock), ...usage }
  }

  /** Whether the reply has come to its end, good or bad: one that has not is half a message. */
  get over(): boolean {
    return this.#over
  }

  /** The failure that ended the reply, if one did. */
  get error(): ErrorEvent["error"] | undefined {
    return this.#error
  }
}

/** The message a complete list of events adds up to; undefined when it never began. */
export function fold(events: Iterable<MessageEvent>): AssistantMessage | undefined {
  const folder = new Folder()
  for (const event of events) folder.take(event)
  return folder.message
}

/** The events that tell a message: each block whole, in one delta. */
export function unfold(message: AssistantMessage): MessageEvent[] {
  const { stop_reason, stop_sequence, stop_details, container = null, usage } = message
  // These the API tells at the beginning alone.
  const { cache_creation: _cache, service_tier: _tier, inference_geo: _geo, speed: _speed, ...counts } = usage ?? {}
  const blank = Object.fromEntries(ENDS.filter((name) => name in message).map((name) => [name, null]))
  const early = typeof counts.output_tokens === "number" && { usage: { ...usage, output_tokens: 0 } }
  return [
    { type: "message_start", message: { ...message, content: [], ...blank, ...early } },
    ...message.content.flatMap(unfoldBlock),
    { type: "message_delta", delta: { stop_reason, stop_sequence, stop_details, container }, usage: counts },
    { type: "message_stop" },
  ]
}

/** What is not known yet while a message begins. */
const ENDS = ["stop_reason", "stop_sequence", "stop_details"] as const

function unfoldBlock(block: ReplyBlock, index: number): MessageEvent[] {
  const { start, deltas } = apart(block)
  return [
    { type: "content_block_start", index, content_block: start },
    ...deltas.map((delta): MessageEvent => ({ type: "content_block_delta", index, delta })),
    { type: "content_block_stop", index },
  ]
}

/** A block as it begins, and what comes after that. */
function apart(block: ReplyBlock): { readonly start: ReplyBlock; readonly deltas: readonly BlockDelta[] } {
  switch (block.type) {
    case "text": {
      const { text, citations } = block
      if (typeof text !== "string") break
      const cited = Array.isArray(citations) ? citations : undefined
      return {
        start: { ...block, text: "", ...(cited && { citations: [] }) },
        deltas: [
          ...(cited ?? []).map((citation) => ({ type: "citations_delta", citation }) as const),
          ...(text ? [{ type: "text_delta", text } as const] : []),
        ],
      }
    }
    case "thinking": {
      const { thinking, signature } = block
      if (typeof thinking !== "string") break
      const signed = typeof signature === "string"
      return {
        start: { ...block, thinking: "", ...(signed && { signature: "" }) },
        deltas: [
          ...(thinking ? [{ type: "thinking_delta", thinking } as const] : []),
          ...(signed && signature ? [{ type: "signature_delta", signature } as const] : []),
        ],
      }
    }
    case "tool_use":
    case "server_tool_use":
      if (block.input === undefined) break
      return {
        start: { ...block, input: {} },
        deltas: [{ type: "input_json_delta", partial_json: JSON.stringify(block.input) }],
      }
  }
  // A kind of block that came whole in its start, as Anthropic's result blocks do.
  return { start: block, deltas: [] }
}

function toBlock({ start, pieces, citations, signature }: OpenBlock): ReplyBlock {
  const text = pieces.join("")
  switch (start.type) {
    case "text":
      return {
        ...start,
        ...(text && { text: start.text + text }),
        ...(citations.length > 0 && { citations: [...(start.citations ?? []), ...citations] }),
      }
    case "thinking":
      return {
        ...start,
        ...(text && { thinking: start.thinking + text }),
        ...(signature !== undefined && { signature }),
      }
    case "redacted_thinking":
      return start
    default:
      return text ? ({ ...start, input: parseInput(text) } as ReplyBlock) : start // a call, of a kind known or not
  }
}

/** Arguments of a call that was cut off by a failure may be half a JSON text: they are told as what they are. */
function parseInput(text: string): unknown {
  try {
    const input: unknown = JSON.parse(text)
    return isTooDeep(input) ? text : input
  } catch {
    return text
  }
}

/** Later totals overwrite earlier ones; null says "not known", never "none". Same rule as the official SDKs. */
function known<T extends object>(fields: T): Partial<T> {
  const there = Object.entries(fields).filter(([, value]) => value !== null && value !== undefined)
  return Object.fromEntries(there) as Partial<T>
}
