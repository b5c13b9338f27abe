/**
 * Seals what a backend must get back of its thinking, so that it can travel through clients and lie in storage: nobody
 * but a proxy with the same secret can read it, nor make or change one. Nothing is kept for it anywhere.
 *
 * `llm-proxy.1.` and, in base64url, a nonce of 24 bytes, the ciphertext and its tag (XChaCha20-Poly1305: a random nonce
 * is safe for any number of texts). The cipher is a package's because the platform's own is asynchronous, and a block
 * is closed in the middle of a stream.
 */
import { xchacha20poly1305 } from "@noble/ciphers/chacha.js"
import { CARRIER } from "../anthropic/signature.ts"
import { fromBase64Url, toBase64Url } from "../text/base64url.ts"

/** What a sealed text is bound to: with anything else in its place it does not open. */
export interface Bond {
  /** The backend's name in the config. */
  readonly backend: string
  /** The model's name there. */
  readonly model: string
  /** The text that travels beside it in the open: the words of a thinking block. */
  readonly beside: string
}

export interface Carrier {
  /** @param content JSON. What of it stands in `beside` word for word is not said again. */
  seal(content: unknown, bond: Bond): string
  /** @returns The content; undefined for a text that is not this proxy's, was changed, or is bound to another. */
  open(sealed: string, bond: Bond): unknown
}

/** @param secret What the key is derived from; "" for a random key, with which nothing outlives the process. */
export async function createCarrier(secret: string): Promise<Carrier> {
  const key = secret === "" ? crypto.getRandomValues(new Uint8Array(32)) : await deriveKey(secret)
  return {
    seal(content, bond) {
      const nonce = crypto.getRandomValues(new Uint8Array(NONCE))
      const text = encoder.encode(toJson(content, bond.beside))
      const sealed = xchacha20poly1305(key, nonce, toBytes(bond)).encrypt(text)
      const bytes = new Uint8Array(NONCE + sealed.length)
      bytes.set(nonce)
      bytes.set(sealed, NONCE)
      return CARRIER + toBase64Url(bytes)
    },
    open(sealed, bond) {
      if (!sealed.startsWith(CARRIER)) return undefined
      try {
        const bytes = fromBase64Url(sealed.slice(CARRIER.length))
        const cipher = xchacha20poly1305(key, bytes.subarray(0, NONCE), toBytes(bond))
        return fromJson(decoder.decode(cipher.decrypt(bytes.subarray(NONCE))), bond.beside)
      } catch {
        return undefined // whatever is wrong with it, it is not what this proxy gave out
      }
    },
  }
}

/** In bytes. */
const NONCE = 24

const encoder = new TextEncoder()
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true })

async function deriveKey(secret: string): Promise<Uint8Array> {
  const material = await crypto.subtle.importKey("raw", encoder.encode(secret), "HKDF", false, ["deriveBits"])
  const salt = encoder.encode("llm-proxy")
  const info = encoder.encode("reasoning 1") // another use of the secret gets another key
  return new Uint8Array(await crypto.subtle.deriveBits({ name: "HKDF", hash: "SHA-256", salt, info }, material, 256))
}

/** What is authenticated and not encrypted. A list of JSON has an end, so no name can reach into the text behind it. */
function toBytes({ backend, model, beside }: Bond): Uint8Array {
  return encoder.encode(JSON.stringify([backend, model]) + beside)
}

/** Shorter texts are said again: their place would not be shorter. */
const LEAST = 16

/** So many texts are looked for: each look may go through all of `beside`, and a backend chooses how many there are. */
const LOOKS = 200

/** A text that stands in `beside` is its place there, behind a NUL; one that begins with a NUL gets another. */
function toJson(content: unknown, beside: string): string {
  let looks = 0
  return JSON.stringify(content, (_, value: unknown) => {
    if (typeof value !== "string") return value
    const at = value.length >= LEAST && looks++ < LOOKS ? beside.indexOf(value) : -1
    if (at >= 0) return `\0${at} ${value.length}`
    return value.startsWith("\0") ? `\0${value}` : value
  })
}

function fromJson(text: string, beside: string): unknown {
  return JSON.parse(text, (_, value: unknown) => {
    if (typeof value !== "string" || !value.startsWith("\0")) return value
    if (value.startsWith("\0\0")) return value.slice(1)
    const [at = 0, length = 0] = value.slice(1).split(" ").map(Number)
    return beside.slice(at, at + length)
  })
}
