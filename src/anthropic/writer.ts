/**
 * Writes a reply in Anthropic's grammar, whatever order it is told things in: one block open at a time, indices dense
 * from 0, a block's signature last, exactly one message_start, message_delta and message_stop, or an error event and
 * nothing after it. Every wire tells its reply through one of these.
 */
import type { ProxyError } from "../error.ts"
import type { BlockDelta, MessageEvent, ReplyBlock, StopDetails, StopReason, Usage } from "./events.ts"

/** How an answer ended. */
export interface Finish {
  readonly stop_reason: StopReason
  readonly stop_sequence: string | null
  readonly stop_details: StopDetails | null
}

export interface WriterOptions {
  readonly model: string
  /** Makes an id: `newId("msg_")`. */
  readonly newId: (prefix: string) => string
  /** The token counts as far as they are known; asked when the message starts and when it stops. */
  readonly usage: () => Usage
  /** The signature of a thinking block with these words, asked for when the block is closed. */
  readonly sign: (thinking: string) => string
}

export class EventWriter {
  readonly #options: WriterOptions
  #out: MessageEvent[] = [] // events not yet taken by flush()
  #started = false // message_start has been written
  #ended = false // message_stop or an error has been written
  #open: ReplyBlock["type"] | undefined // the block that is open
  #index = -1 // of the block begun last
  #thinking = "" // words of the open thinking block, as the client has them

  constructor(options: WriterOptions) {
    this.#options = options
  }

  /** Whether the reply is over; nothing is written after that. */
  get ended(): boolean {
    return this.#ended
  }

  /** The kind of block that is open. */
  get open(): ReplyBlock["type"] | undefined {
    return this.#open
  }

  text(text: string): void {
    if (this.#open !== "text") this.#begin({ type: "text", text: "", citations: null })
    this.#delta({ type: "text_delta", text })
  }

  /** @param shown False keeps the words back (`display: "omitted"`); the block is there all the same. */
  thinking(thinking: string, shown = true): void {
    if (this.#open !== "thinking") this.#begin({ type: "thinking", thinking: "", signature: "" })
    if (!shown) return
    this.#thinking += thinking
    this.#delta({ type: "thinking_delta", thinking })
  }

  /**
   * Begins a tool call; its arguments follow through {@link json}.
   *
   * @param toolset The toolset the tool is a member of.
   */
  call(id: string, name: string, toolset?: string): void {
    const member = toolset === undefined ? {} : { toolset_name: toolset }
    this.#begin({ type: "tool_use", id, name, input: {}, caller: { type: "direct" }, ...member })
  }

  /** A piece of the open call's arguments. */
  json(partial_json: string): void {
    this.#delta({ type: "input_json_delta", partial_json })
  }

  /** Ends the block that is open, if one is. */
  close(): void {
    if (this.#open === undefined) return
    if (this.#open === "thinking") {
      this.#delta({ type: "signature_delta", signature: this.#options.sign(this.#thinking) })
      this.#thinking = ""
    }
    this.#open = undefined
    this.#out.push({ type: "content_block_stop", index: this.#index })
  }

  /** The answer is complete. */
  stop(finish: Finish): void {
    this.start()
    this.close()
    const { input_tokens, output_tokens, cache_creation_input_tokens, cache_read_input_tokens, output_tokens_details } =
      this.#options.usage()
    this.#out.push(
      {
        type: "message_delta",
        delta: { ...finish, container: null },
        usage: {
          input_tokens,
          output_tokens,
          cache_creation_input_tokens,
          cache_read_input_tokens,
          output_tokens_details,
          server_tool_use: null,
        },
      },
      { type: "message_stop" },
    )
    this.#ended = true
  }

  /** The answer broke off: what was written stands, an error event follows, and never a stop. */
  fail(error: ProxyError): void {
    this.#out.push({ type: "error", error: { type: error.type, message: error.message } })
    this.#ended = true
  }

  /** The events written since the last call; undefined for none. */
  flush(): readonly MessageEvent[] | undefined {
    if (this.#out.length === 0) return undefined
    const out = this.#out
    this.#out = []
    return out
  }

  #begin(content_block: ReplyBlock): void {
    this.start()
    this.close()
    this.#open = content_block.type
    this.#index++
    this.#out.push({ type: "content_block_start", index: this.#index, content_block })
  }

  #delta(delta: BlockDelta): void {
    this.#out.push({ type: "content_block_delta", index: this.#index, delta })
  }

  /** Tells that there is an answer, before any of it is there. Whatever is told first does so by itself. */
  start(): void {
    if (this.#started) return
    this.#started = true
    const { model, newId, usage } = this.#options
    this.#out.push({
      type: "message_start",
      message: {
        id: newId("msg_"),
        type: "message",
        role: "assistant",
        model,
        content: [],
        stop_reason: null,
        stop_sequence: null,
        stop_details: null,
        container: null,
        diagnostics: null,
        // Most backends tell their counts last: until then the input is a guess, never 0 or absent (litellm#24176).
        usage: { ...usage(), output_tokens: 0 },
      },
    })
  }
}
