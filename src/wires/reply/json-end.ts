/**
 * Looks for the end of a JSON value in a text that comes in pieces. Each character is looked at once, however many pieces
 * there are: to parse what has come anew with each of them would cost the square of the text's length.
 */
export class JsonEnd {
  #place: "before" | "inside" | "scalar" | "behind" | "beyond" = "before"
  #depth = 0 // brackets that are open
  #quoted = false // inside a string
  #escaped = false // behind its backslash

  /**
   * `open` until the value's last bracket or quote has come, `closed` behind it, `beyond` once something else than blanks
   * follows. A number or a word has nothing that ends it: `scalar`.
   */
  get place(): "open" | "closed" | "beyond" | "scalar" {
    if (this.#place === "behind") return "closed"
    return this.#place === "beyond" || this.#place === "scalar" ? this.#place : "open"
  }

  take(piece: string): void {
    for (let at = 0; at < piece.length && this.#place !== "scalar"; at++) {
      const char = piece.charCodeAt(at)
      if (this.#quoted) this.#quote(char)
      else if (!isBlank(char)) this.#mark(char)
    }
  }

  #quote(char: number): void {
    if (this.#escaped) this.#escaped = false
    else if (char === BACKSLASH) this.#escaped = true
    else if (char === QUOTE) {
      this.#quoted = false
      if (this.#depth === 0) this.#place = "behind"
    }
  }

  #mark(char: number): void {
    if (this.#place === "behind" || this.#place === "beyond") this.#place = "beyond"
    else if (char === QUOTE) {
      this.#quoted = true
      this.#place = "inside"
    } else if (char === BRACE || char === BRACKET) {
      this.#depth++
      this.#place = "inside"
    } else if (char === BRACE_END || char === BRACKET_END) {
      this.#depth--
      if (this.#depth === 0) this.#place = "behind"
      else if (this.#depth < 0) this.#place = "beyond"
    } else if (this.#place === "before") this.#place = "scalar"
  }
}

const QUOTE = 0x22
const BACKSLASH = 0x5c
const BRACE = 0x7b
const BRACE_END = 0x7d
const BRACKET = 0x5b
const BRACKET_END = 0x5d

/** What JSON calls white space. */
function isBlank(char: number): boolean {
  return char === 0x20 || char === 0x0a || char === 0x0d || char === 0x09
}
