/**
 * The ways in which a key is written where it is repeated: as it is, in a URL, inside of JSON, in base64. Who debugs a
 * backend prints its requests' headers in any of these (`Authorization: Basic …` is base64 of name and key).
 */
import { toBase64Url } from "./base64url.ts"

/** Shorter secrets have too little in base64 that is theirs alone: it would be found in any picture. */
const LEAST = 8

/** @returns Sources of regular expressions. */
export function formsOf(secret: string): readonly string[] {
  // Twice, as JSON may be a text in JSON, or in a URL. Most keys are the same all over.
  const plain = new Set([secret, ...inText(secret), ...inText(secret).flatMap(inText)])
  return [...[...plain].map(escape), ...(secret.length < LEAST ? [] : inBase64(secret))]
}

function inText(text: string): readonly string[] {
  return [JSON.stringify(text).slice(1, -1), encodeURIComponent(text.toWellFormed())]
}

/**
 * What is the same in base64 whatever stands before and behind: three texts, as a character there has six bits and a
 * byte may begin at three places among them.
 */
function inBase64(secret: string): readonly string[] {
  const bytes = new TextEncoder().encode(secret)
  return [0, 1, 2].map((before) => {
    const shifted = new Uint8Array(before + bytes.length)
    shifted.set(bytes, before)
    const whole = toBase64Url(shifted)
    const from = Math.ceil((before * 8) / 6)
    const to = Math.floor((shifted.length * 8) / 6)
    return whole.slice(from, to).replaceAll("-", "[-+]").replaceAll("_", "[_/]")
  })
}

function escape(text: string): string {
  return text.replace(/[^\w]/g, "\\$&")
}
