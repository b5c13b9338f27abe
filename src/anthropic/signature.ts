/**
 * What the signature of a thinking block says when this proxy made the block: Anthropic's own are opaque to it, and
 * its own to Anthropic. One must not be empty, because some clients drop thinking without one from their history.
 */

/** Of a block that carries nothing: no backend wants it back. */
export const SIGNATURE = "llm-proxy"

/** The beginning of one that carries what its backend must get back; the number is the version of what follows. */
export const CARRIER = `${SIGNATURE}.1.`

/** Whether this proxy made a signature, in this version or another. No backend that checks signatures can read it. */
export function isOwnSignature(signature: unknown): boolean {
  return typeof signature === "string" && (signature === SIGNATURE || signature.startsWith(`${SIGNATURE}.`))
}
