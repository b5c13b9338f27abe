/** What a message to a backend is made of, before a wire spells it. */

export type Part =
  | TextPart
  /** An http(s) or data URL. */
  | { readonly type: "image"; readonly url: string }
  /** A PDF, as a data URL. */
  | { readonly type: "file"; readonly filename: string; readonly data: string }

export interface TextPart {
  readonly type: "text"
  readonly text: string
}

/** The texts, when all parts are text. */
export function textsOf(parts: readonly Part[]): readonly string[] | undefined {
  const texts: string[] = []
  for (const part of parts) {
    if (part.type !== "text") return undefined
    texts.push(part.text)
  }
  return texts
}
