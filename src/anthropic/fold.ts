/**
 * `fold(events) → Message` and `unfold(message) → events`: the two forms of one answer. `fold(unfold(message))` is the
 * message again. Whoever needs the other form (encode, cache, log, tests) uses these and nothing else.
 */
import type {
  AssistantMessage,
  ErrorEvent,
  MessageEvent,
  ReplyBlock,
  StopDetails,
  StopReason,
  Usage,
} from "./events.ts"

/** What is being folded. Text grows as a list of pieces, so that a long answer costs what its length is. */
interface OpenBlock {
  readonly start: ReplyBlock
  readonly pieces: string[]
  signature: string | undefined
}

/** Folds events one at a time. */
export class Folder {
  #start: AssistantMessage | undefined
  #blocks: OpenBlock[] = []
  #stop: { reason: StopReason | null; sequence: string | null; details: StopDetails | null } | undefined
  #usage: Usage | undefined // what message_start said, overwritten by what message_delta knows better
  #error: ErrorEvent["error"] | undefined

  take(event: MessageEvent): void {
    switch (event.type) {
      case "message_start":
        this.#start = event.message
        this.#usage = event.message.usage
        return
      case "content_block_start":
        this.#blocks[event.index] = { start: event.content_block, pieces: [], signature: undefined }
        return
      case "content_block_delta": {
        const block = this.#blocks[event.index]
        if (!block) return
        const { delta } = event
        if (delta.type === "text_delta") block.pieces.push(delta.text)
        else if (delta.type === "thinking_delta") block.pieces.push(delta.thinking)
        else if (delta.type === "input_json_delta") block.pieces.push(delta.partial_json)
        else if (delta.type === "signature_delta") block.signature = delta.signature
        return
      }
      case "message_delta": {
        const { stop_reason, stop_sequence, stop_details } = event.delta
        this.#stop = { reason: stop_reason, sequence: stop_sequence, details: stop_details }
        if (this.#usage) this.#usage = mergeUsage(this.#usage, event.usage)
        return
      }
      case "error":
        this.#error = event.error
        return
      default:
        return
    }
  }

  /** What has come so far as a message; undefined before `message_start`. */
  get message(): AssistantMessage | undefined {
    if (!this.#start) return undefined
    return {
      ...this.#start,
      content: this.#blocks.map(toBlock),
      stop_reason: this.#stop?.reason ?? null,
      stop_sequence: this.#stop?.sequence ?? null,
      stop_details: this.#stop?.details ?? null,
      usage: this.#usage ?? this.#start.usage,
    }
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
  const { stop_reason, stop_sequence, stop_details, usage } = message
  const events: MessageEvent[] = [
    {
      type: "message_start",
      message: {
        ...message,
        content: [],
        stop_reason: null,
        stop_sequence: null,
        stop_details: null,
        usage: { ...usage, output_tokens: 0 },
      },
    },
  ]
  for (const [index, block] of message.content.entries()) events.push(...unfoldBlock(block, index))
  events.push(
    {
      type: "message_delta",
      delta: { stop_reason, stop_sequence, stop_details, container: null },
      usage: {
        input_tokens: usage.input_tokens,
        output_tokens: usage.output_tokens,
        cache_creation_input_tokens: usage.cache_creation_input_tokens,
        cache_read_input_tokens: usage.cache_read_input_tokens,
        output_tokens_details: usage.output_tokens_details,
        server_tool_use: usage.server_tool_use,
      },
    },
    { type: "message_stop" },
  )
  return events
}

function unfoldBlock(block: ReplyBlock, index: number): MessageEvent[] {
  const stop: MessageEvent = { type: "content_block_stop", index }
  const delta = (delta: Extract<MessageEvent, { type: "content_block_delta" }>["delta"]): MessageEvent => ({
    type: "content_block_delta",
    index,
    delta,
  })
  switch (block.type) {
    case "text":
      return [
        { type: "content_block_start", index, content_block: { ...block, text: "" } },
        ...(block.text ? [delta({ type: "text_delta", text: block.text })] : []),
        stop,
      ]
    case "thinking":
      return [
        { type: "content_block_start", index, content_block: { ...block, thinking: "", signature: "" } },
        ...(block.thinking ? [delta({ type: "thinking_delta", thinking: block.thinking })] : []),
        ...(block.signature ? [delta({ type: "signature_delta", signature: block.signature })] : []),
        stop,
      ]
    case "tool_use":
    case "server_tool_use":
      return [
        { type: "content_block_start", index, content_block: { ...block, input: {} } },
        delta({ type: "input_json_delta", partial_json: JSON.stringify(block.input) }),
        stop,
      ]
    default:
      // A kind of block that came whole in its start, as Anthropic's result blocks do.
      return [{ type: "content_block_start", index, content_block: block }, stop]
  }
}

function toBlock({ start, pieces, signature }: OpenBlock): ReplyBlock {
  const text = pieces.join("")
  switch (start.type) {
    case "text":
      return { ...start, text: start.text + text }
    case "thinking":
      return { ...start, thinking: start.thinking + text, signature: signature ?? start.signature }
    case "tool_use":
    case "server_tool_use":
      return text ? { ...start, input: parseInput(text) } : start
    default:
      return start
  }
}

/** Arguments of a call that was cut off by a failure may be half a JSON text: they are told as what they are. */
function parseInput(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

/** Later totals overwrite earlier ones; null says "not known", never "none". Same rule as the official SDKs. */
function mergeUsage(usage: Usage, later: Partial<Usage>): Usage {
  const known = Object.entries(later).filter(([, value]) => value !== null && value !== undefined)
  return { ...usage, ...Object.fromEntries(known) }
}
