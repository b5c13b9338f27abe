/**
 * Thinking that comes inside the text: `<think>` at its beginning, `</think>` behind it. Only there: further on it is a
 * model that speaks of the tag. A `</think>` that nothing opens stays as it is: templates that open the tag themselves
 * give one (lmstudio-bug-tracker#1495, #1368), but what came before it has been told as text by then, and to hold all
 * text back for it would cost every answer its stream. Those servers have a parser of their own to turn on.
 */

/** What a piece of text turned out to be; the thinking came first. */
export interface Told {
  readonly thinking: string
  readonly text: string
}

export class ThinkTags {
  #state: "before" | "opened" | "inside" | "closed" | "after" = "before"
  #held = "" // the end of what has come, as far as a tag may have begun in it
  #blank = true // nothing else has come: it is not looked through again with each blank

  /** @param piece Of the answer's text, cut anywhere. */
  take(piece: string): Told {
    if (this.#state === "after") return { thinking: "", text: piece }
    if (this.#state === "before" && this.#blank && piece.trim() === "") return this.#hold(this.#held + piece)
    this.#blank = false
    let rest = this.#held + piece
    this.#held = ""
    if (this.#state === "before") {
      const begun = rest.trimStart()
      if (begun.length < OPEN.length && OPEN.startsWith(begun)) return this.#hold(rest)
      if (!begun.startsWith(OPEN)) return this.#plain(rest)
      rest = begun.slice(OPEN.length)
      this.#state = "opened"
    }
    let thinking = ""
    if (this.#state === "opened" || this.#state === "inside") {
      if (this.#state === "opened") rest = rest.replace(LINES, "") // a template's own, around nothing too
      const at = rest.indexOf(CLOSE)
      const end = at >= 0 ? at : rest.length - begunIn(rest)
      thinking = rest.slice(0, end)
      if (thinking !== "") this.#state = "inside"
      if (at < 0) return this.#hold(rest.slice(end), thinking)
      rest = rest.slice(at + CLOSE.length)
      this.#state = "closed"
    }
    const text = rest.replace(LINES, "")
    return text === "" ? { thinking, text } : this.#plain(text, thinking)
  }

  /** What is left when no text follows: inside the tag it is thinking, closed or not. */
  end(): Told {
    const held = this.#held
    this.#held = ""
    if (this.#state === "before") return this.#plain(held)
    return { thinking: held, text: "" }
  }

  #hold(held: string, thinking = ""): Told {
    this.#held = held
    return { thinking, text: "" }
  }

  #plain(text: string, thinking = ""): Told {
    this.#state = "after"
    return { thinking, text }
  }
}

const OPEN = "<think>"
const CLOSE = "</think>"
const LINES = /^[\r\n]+/

/** Length of the longest end of the text with which the closing tag may begin. */
function begunIn(text: string): number {
  let length = Math.min(CLOSE.length - 1, text.length)
  while (length > 0 && !text.endsWith(CLOSE.slice(0, length))) length--
  return length
}
