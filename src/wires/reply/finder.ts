/**
 * Finds a text in one that comes in pieces, in a time that grows with their length alone (Knuth, Morris and Pratt): a
 * client chooses what is looked for, and has a say in what a model answers.
 */
export class Finder {
  readonly wanted: string
  #shorter: Int32Array | undefined // of each beginning: how much of it is its end, too; made once text has come
  #begun = 0

  /** @param wanted Not empty. */
  constructor(wanted: string) {
    this.wanted = wanted
  }

  /** How many of the last characters are a beginning of what is wanted. */
  get begun(): number {
    return this.#begun
  }

  /** Forgets what has come: what follows is another text. */
  forget(): void {
    this.#begun = 0
  }

  /** @returns Where in the piece a match ends first, behind its last character. */
  take(piece: string): number | undefined {
    const { wanted } = this
    const shorter = (this.#shorter ??= beginningsIn(wanted))
    let begun = this.#begun
    for (let at = 0; at < piece.length; at++) {
      begun = longer(wanted, shorter, begun, piece.charCodeAt(at))
      if (begun < wanted.length) continue
      this.#begun = shorter[begun - 1] ?? 0
      return at + 1
    }
    this.#begun = begun
    return undefined
  }
}

function beginningsIn(wanted: string): Int32Array {
  const shorter = new Int32Array(wanted.length)
  for (let at = 1, begun = 0; at < wanted.length; at++) {
    begun = longer(wanted, shorter, begun, wanted.charCodeAt(at))
    shorter[at] = begun
  }
  return shorter
}

/** How much of what is wanted has begun once this character has come, too. */
function longer(wanted: string, shorter: Int32Array, begun: number, char: number): number {
  let now = begun
  while (now > 0 && wanted.charCodeAt(now) !== char) now = shorter[now - 1] ?? 0
  return wanted.charCodeAt(now) === char ? now + 1 : now
}
