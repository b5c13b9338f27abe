/** Bytes as text that needs no escapes anywhere. `btoa` would first need them as a text of characters, which is slow. */

const CHARACTERS = new TextEncoder().encode("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
const decoder = new TextDecoder()

/** @returns base64url without padding. */
export function toBase64Url(bytes: Uint8Array): string {
  const out = new Uint8Array(Math.ceil((bytes.length * 4) / 3))
  const put = (at: number, six: number): void => {
    if (at < out.length) out[at] = CHARACTERS[six & 63] ?? 0
  }
  for (let from = 0, to = 0; from < bytes.length; from += 3, to += 4) {
    const three = ((bytes[from] ?? 0) << 16) | ((bytes[from + 1] ?? 0) << 8) | (bytes[from + 2] ?? 0)
    put(to, three >> 18)
    put(to + 1, three >> 12)
    put(to + 2, three >> 6)
    put(to + 3, three)
  }
  return decoder.decode(out)
}

/** @throws for a text that {@link toBase64Url} does not make, though others may read it. */
export function fromBase64Url(text: string): Uint8Array {
  if (!/^[\w-]*$/.test(text)) throw new TypeError("not base64url")
  const written = atob(text.replaceAll("-", "+").replaceAll("_", "/"))
  const bytes = new Uint8Array(written.length)
  for (let at = 0; at < written.length; at++) bytes[at] = written.charCodeAt(at)
  // The last character may have bits to spare, which mean nothing and must be zero.
  if (!text.endsWith(toBase64Url(bytes.subarray(bytes.length - (bytes.length % 3))))) throw new TypeError("not canonical")
  return bytes
}
