/** auth: whose key is it? Asked before a byte of the body is read. */
import { ProxyError } from "../error.ts"
import type { Authorized, Client, Received } from "../stage.ts"

/** SHA-256 of a text. */
export type Digest = (text: string) => Uint8Array | Promise<Uint8Array>

/** The platform's own SHA-256; slower on Node than `node:crypto`, because it takes a thread for a few bytes. */
export const subtleDigest: Digest = async (text) =>
  new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text)))

/**
 * `x-api-key` or `Authorization: Bearer`; where both come, `x-api-key` decides, as at Anthropic. All keys are compared,
 * by digest and to the last byte, so that how long it takes tells nothing.
 */
export async function createAuth(
  clients: readonly { readonly key: string; readonly client: Client }[],
  digest: Digest,
): Promise<(context: Received) => Promise<Authorized>> {
  const known = await Promise.all(clients.map(async ({ key, client }) => ({ digest: await digest(key), client })))
  return async (context) => {
    const given = keyIn(context.req.headers)
    const wanted = await digest(given)
    let client: Client | undefined
    for (const candidate of known) if (same(candidate.digest, wanted)) client = candidate.client
    if (!client) throw unauthorized(given === "" ? "a key is needed: send x-api-key or Authorization: Bearer" : "invalid x-api-key")
    context.log.debug("auth", { client: client.name })
    return { ...context, client }
  }
}

/**
 * The key a request carries, "" for none. A header sent twice arrives as a list with a comma in it; no key has one, so
 * a list is never a key.
 */
function keyIn(headers: Headers): string {
  const own = headers.get("x-api-key")
  if (own !== null) return own
  const [, token = ""] = /^bearer +(.+)$/i.exec(headers.get("authorization") ?? "") ?? []
  return token
}

function same(a: Uint8Array, b: Uint8Array): boolean {
  let difference = a.length ^ b.length
  for (const [n, byte] of a.entries()) difference |= byte ^ (b[n] ?? 0)
  return difference === 0
}

function unauthorized(message: string): ProxyError {
  return new ProxyError(401, message)
}
