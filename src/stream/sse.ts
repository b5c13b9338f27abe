/**
 * Bytes of a backend's answer → the wire's chunks. It does not matter whether the backend streams: an answer that
 * begins like JSON is read whole and becomes the chunks of a whole answer, whatever its content-type says, and
 * whatever was asked for.
 */
import { createParser } from "eventsource-parser"
import { ProxyError } from "../error.ts"
import { Failure, type WireChunk } from "../wires/failure.ts"
import { Step } from "./flow.ts"

/** How a wire reads what a backend writes. */
export interface Dialect {
  /** One server-sent event, by its data and its name where it has one; undefined when it carries nothing. */
  event(data: string, name: string | undefined): WireChunk | undefined
  /** A whole answer. */
  whole(text: string): readonly WireChunk[]
}

/** Longest event, in characters. A line that never ends must fail, not fill the memory (undici#5814). */
const MAX_EVENT = 8 * 1024 * 1024

/** Longest whole answer, in characters. */
const MAX_WHOLE = 64 * 1024 * 1024

/** A new step for each answer. */
export class Decode extends Step<Uint8Array, readonly WireChunk[]> {
  readonly #dialect: Dialect
  readonly #decoder = new TextDecoder() // keeps half a character until the other half comes; drops a BOM
  readonly #parser
  #form: "unknown" | "events" | "whole" = "unknown" // told by the first character that is not a blank
  #text = "" // the whole answer so far
  #chunks: WireChunk[] = [] // of the bytes in hand
  #failed = false

  constructor(dialect: Dialect) {
    super()
    this.#dialect = dialect
    this.#parser = createParser({
      maxBufferSize: MAX_EVENT,
      onEvent: ({ data, event }) => this.#event(data, event),
      onError: (error) => {
        if (error.type === "max-buffer-size-exceeded") this.#emit(tooLong())
        // llama.cpp until September 2025: `error: {…}`, a field no parser knows, then `[DONE]` (llama.cpp#16109).
        if (error.type === "unknown-field" && error.field === "error") this.#event(error.value ?? "", "error")
      },
    })
  }

  override get done(): boolean {
    return this.#failed
  }

  take(bytes: Uint8Array): readonly WireChunk[] | undefined {
    this.#read(this.#decoder.decode(bytes, { stream: true }))
    return this.#flush()
  }

  end(): readonly WireChunk[] | undefined {
    if (this.#failed) return undefined
    this.#read(this.#decoder.decode())
    if (this.#form === "whole") this.#chunks.push(...this.#dialect.whole(this.#text))
    // A last event without the blank line that ends it would be lost otherwise.
    else if (this.#form === "events" && !this.#failed) this.#parser.feed("\n\n")
    return this.#flush()
  }

  #read(text: string): void {
    if (this.#form === "events") {
      this.#parser.feed(text)
      return
    }
    if (this.#form === "unknown") {
      // DeepSeek keeps a connection alive with empty lines until it begins; there may be any number of them.
      this.#text = text.trimStart()
      const first = this.#text[0]
      if (first === undefined) return
      // An object, an array (Gemini's errors) or a page of HTML is never how an event stream begins.
      this.#form = "{[<".includes(first) ? "whole" : "events"
      if (this.#form === "events") {
        this.#parser.feed(this.#text)
        this.#text = ""
      }
      return
    }
    this.#text += text
    if (this.#text.length > MAX_WHOLE) this.#emit(tooLong())
  }

  #event(data: string, name: string | undefined): void {
    const chunk = this.#failed ? undefined : this.#dialect.event(data, name)
    if (chunk !== undefined) this.#emit(chunk)
  }

  #emit(chunk: WireChunk): void {
    this.#chunks.push(chunk)
    if (chunk instanceof Failure) this.#failed = true
  }

  #flush(): readonly WireChunk[] | undefined {
    if (this.#chunks.length === 0) return undefined
    const chunks = this.#chunks
    this.#chunks = []
    return chunks
  }
}

function tooLong(): Failure {
  return new Failure(new ProxyError(502, "the backend's answer has no end: it was cut off at the proxy's limit"))
}
