/** What a message to a backend is made of, before a wire spells it. */
import type { CacheMark } from "./cache-marks.ts"

export type Part = TextPart | ImagePart | FilePart

export interface TextPart extends Marked {
  readonly type: "text"
  readonly text: string
}

export interface ImagePart extends Marked {
  readonly type: "image"
  /** An http(s) or data URL. */
  readonly url: string
}

/** A PDF, as a data URL. */
export interface FilePart extends Marked {
  readonly type: "file"
  readonly filename: string
  readonly data: string
}

interface Marked {
  /** What is worth keeping in the backend's cache ends with this part. */
  readonly mark?: CacheMark
}

/**
 * The parts as one text, which every backend takes; undefined where they have to stay parts.
 *
 * @param apart Whether texts must not be joined, because the request is marked for a cache.
 */
export function joinTexts(parts: readonly Part[], apart: boolean): string | undefined {
  const texts: string[] = []
  for (const part of parts) {
    if (part.type !== "text" || part.mark) return undefined
    texts.push(part.text)
  }
  if (apart && texts.length > 1) return undefined
  return texts.join("\n\n") // with nothing, the last word of a block would grow into the first of the next
}

/** The parts with a mark on the last of them. */
export function markLast<Some extends Part>(parts: readonly Some[], mark: CacheMark | undefined): readonly Some[] {
  const last = parts.at(-1)
  return mark && last ? [...parts.slice(0, -1), { ...last, mark }] : parts
}
