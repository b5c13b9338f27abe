/** A backend's answer as a text: the body of a failure, a count of tokens. */
import type { Flow } from "../stream/flow.ts"

/** Seconds until a body that is read as a text has to be there. */
const TEXT_WITHIN = 10

/**
 * Reads at most `limit` bytes of an answer as text and lets the rest go: for error bodies, which nobody bounds. What has
 * not come within {@link TEXT_WITHIN} is let go, too: a client would wait for no more than words.
 */
export async function readText(body: Flow<Uint8Array>, limit: number): Promise<string> {
  const decoder = new TextDecoder()
  const reader = body.getReader()
  const late = setTimeout(() => void reader.cancel().catch(() => {}), TEXT_WITHIN * 1000)
  let text = ""
  try {
    for (let left = limit; left > 0; ) {
      const { done, value } = await reader.read()
      if (done) return text + decoder.decode()
      text += decoder.decode(value.subarray(0, left), { stream: true })
      left -= value.byteLength
    }
    await reader.cancel()
  } catch {
    // A failure that breaks off is still that failure: its status is known.
  } finally {
    clearTimeout(late)
  }
  return text
}
