/**
 * Cuts text at a client's stop sequences. Backends take only a few of them, or none, and do not say which one matched;
 * so the proxy looks for all of them itself. Text that may still become a match is held back, at most one character
 * less than the longest sequence; so is half an emoji, which no client could encode.
 */
import { Finder } from "./finder.ts"

export class StopCutter {
  readonly #stops: readonly Finder[]
  #held = "" // the end of the text so far, as far as a stop sequence may have begun in it

  constructor(stops: readonly string[]) {
    this.#stops = stops.filter((stop) => stop.length > 0).map((stop) => new Finder(stop))
  }

  /** What of the text may be shown now; `matched` when it ends at a stop sequence. */
  take(text: string): { readonly text: string; readonly matched?: string } {
    const all = this.#held + text
    const first = this.#first(text)
    if (first) {
      const at = this.#held.length + first.end - first.stop.length
      this.#held = ""
      return { text: all.slice(0, at), matched: first.stop }
    }
    const kept = this.#mayBegin(all)
    this.#held = kept === 0 ? "" : all.slice(-kept)
    return { text: kept === 0 ? all : all.slice(0, -kept) }
  }

  /** What was held back, once it is clear that nothing follows. */
  flush(): string {
    const held = this.#held
    this.#held = ""
    for (const stop of this.#stops) stop.forget()
    return held
  }

  /** The match that is complete first, as a model's server would stop there: where pieces end must not matter. */
  #first(text: string): { readonly end: number; readonly stop: string } | undefined {
    let best: { end: number; stop: string } | undefined
    for (const finder of this.#stops) {
      const end = finder.take(text)
      const stop = finder.wanted
      // Of two that end together it is the longer one: it has begun first.
      if (end !== undefined && (!best || end < best.end || (end === best.end && stop.length > best.stop.length))) {
        best = { end, stop }
      }
    }
    return best
  }

  /** Length of the longest end of the text with which a stop sequence begins, or an emoji that was cut in two. */
  #mayBegin(text: string): number {
    const last = text.charCodeAt(text.length - 1)
    const half = last >= 0xd800 && last <= 0xdbff ? 1 : 0
    return this.#stops.reduce((longest, { begun }) => Math.max(longest, begun), half)
  }
}
