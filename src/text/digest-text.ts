/** A text as a key that any storage takes: names and bodies are any text, and `:`, `/` and `?` mean something there. */
import { subtleDigest, type Digest } from "../stages/auth.ts"

/**
 * @param digest SHA-256. @default the platform's
 * @returns SHA-256 in hexadecimal digits.
 */
export async function digestText(text: string, digest: Digest = subtleDigest): Promise<string> {
  return Array.from(await digest(text), (byte) => byte.toString(16).padStart(2, "0")).join("")
}
