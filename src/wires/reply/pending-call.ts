/** A tool call as far as it has come. */
import { isJson } from "./call-arguments.ts"
import { JsonEnd } from "./json-end.ts"

export class PendingCall {
  id = "" // until the backend gives one
  name = "" // until the backend gives one
  /** What the backend gave with it and wants back with it. */
  extra: unknown
  #arguments = ""
  #left = "" // the end of them that the client has not been given
  #end = new JsonEnd()
  #sound: boolean | undefined // of what has ended: whether it is JSON

  get arguments(): string {
    return this.#arguments
  }

  /** Whether the arguments are one JSON value already. */
  get complete(): boolean {
    const { place } = this.#end
    // No tool takes a number; of a text that could be one, only what may be a short one is read again and again.
    if (place === "scalar") return this.#arguments.length < 32 && isJson(this.#arguments)
    return place === "closed" && (this.#sound ??= isJson(this.#arguments))
  }

  /** How much of the arguments has been given to the client as it came. */
  get sent(): number {
    return this.#arguments.length - this.#left.length
  }

  /** What has come since the last time. To cut it off the whole each time would copy the whole each time. */
  give(): string {
    const left = this.#left
    this.#left = ""
    return left
  }

  /** There is more of the arguments. */
  add(piece: string): void {
    this.#arguments += piece
    this.#left += piece
    this.#end.take(piece)
  }

  /** The arguments are these, whatever has come of them. */
  replace(text: string): void {
    this.#left = text.slice(this.sent)
    this.#arguments = text
    this.#end = new JsonEnd()
    this.#end.take(text)
    this.#sound = undefined
  }
}
