/** The text of a tool's result. */

/**
 * @param texts Its paragraphs.
 * @param failed Neither of OpenAI's APIs has a field for it, so the text says so.
 */
export function toResultText(texts: readonly string[], failed: boolean): string {
  // Several backends refuse an empty result, and some models take it for a call still under way.
  const text = texts.join("\n\n") || "(no output)"
  return failed && !text.startsWith("Error:") ? `Error: ${text}` : text
}
