/**
 * Cuts text at a client's stop sequences. Backends take only a few of them, or none, and do not say which one matched;
 * so the proxy looks for all of them itself. Text that may still become a match is held back, at most one character
 * less than the longest sequence; so is half an emoji, which no client could encode.
 */
export class StopCutter {
  readonly #stops: readonly string[]
  #held = "" // the end of the text so far, as far as a stop sequence may have begun in it

  constructor(stops: readonly string[]) {
    this.#stops = stops.filter((stop) => stop.length > 0)
  }

  /** What of the text may be shown now; `matched` when it ends at a stop sequence. */
  take(text: string): { readonly text: string; readonly matched?: string } {
    const all = this.#held + text
    const first = this.#first(all)
    if (first) {
      this.#held = ""
      return { text: all.slice(0, first.at), matched: first.stop }
    }
    const kept = this.#mayBegin(all)
    this.#held = kept === 0 ? "" : all.slice(-kept)
    return { text: kept === 0 ? all : all.slice(0, -kept) }
  }

  /** What was held back, once it is clear that nothing follows. */
  flush(): string {
    const held = this.#held
    this.#held = ""
    return held
  }

  /** The match that is complete first, as a model's server would stop there: where pieces end must not matter. */
  #first(text: string): { at: number; stop: string } | undefined {
    let best: { at: number; end: number; stop: string } | undefined
    for (const stop of this.#stops) {
      const at = text.indexOf(stop)
      const end = at + stop.length
      if (at >= 0 && (!best || end < best.end || (end === best.end && at < best.at))) best = { at, end, stop }
    }
    return best
  }

  /** Length of the longest end of the text with which a stop sequence begins, or an emoji that was cut in two. */
  #mayBegin(text: string): number {
    let longest = /[\ud800-\udbff]$/.test(text) ? 1 : 0
    for (const stop of this.#stops) {
      for (let length = Math.min(stop.length - 1, text.length); length > longest; length--) {
        if (stop.startsWith(text.slice(-length))) longest = length
      }
    }
    return longest
  }
}
