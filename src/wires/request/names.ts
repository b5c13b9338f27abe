/**
 * Tool names and tool-call ids that a side cannot take as they are. Everything here is a pure function of the text, so
 * a name looks the same in the tools, in `tool_choice`, in the history and in every later request, without a memory.
 */
import type { Profile } from "../../backends/profile.ts"

/**
 * A tool name cut to what the backend takes. Anthropic allows 128 characters, OpenAI 64, and MCP names in Claude Code
 * go beyond that (anthropics/claude-code#96152); a hash of the whole keeps names apart that begin alike.
 * What a model has called in the history need be no name at all, and OpenAI refuses the conversation for it.
 *
 * @param max Characters, at least 16.
 */
export function fitName(name: string, max: number): string {
  const plain = name.replace(/[^a-zA-Z0-9_-]/g, "_")
  return plain.length <= max ? plain : shorten(plain, max)
}

/** The name of a toolset's or a server's tool among all tools; the names of servers are free text. */
export function memberName(toolset: string, member: string): string {
  return `${toolset}__${member}`
}

/** What ids are encoded with. Clients know ids of Anthropic's own to begin with `toolu_`. */
const ENCODED = "toolu_x_"

/**
 * A backend's tool-call id as the client sees it. Ids with characters that Anthropic's `^[a-zA-Z0-9_-]+$` refuses,
 * such as Kimi's `functions.x:0`, are encoded so that the history can go to any Messages API later; see {@link fitId}.
 */
export function encodeId(id: string): string {
  return /^[a-zA-Z0-9_-]+$/.test(id) ? id : ENCODED + toBase64Url(id)
}

/**
 * A tool-call id from the client's history as the backend takes it: decoded where {@link encodeId} made it, and
 * shortened where it is too long. Calls and results go through here alike, so they keep matching.
 *
 * @param max Characters, at least 9 (Mistral's length).
 * @param form What it must look like; an id of another form becomes a hash.
 */
export function fitId(id: string, max: number, form: Profile["tool_id_form"] = "any"): string {
  const own = decodeId(id) ?? id
  if (form === "alphanumeric_9") return /^[a-zA-Z0-9]{9}$/.test(own) ? own : shortHash(own).slice(0, 9)
  return own.length <= max ? own : shorten(own, max)
}

/** A text of no set length as at most 14 characters of [0-9a-z], the same ones every time. Not for secrets. */
export function shortHash(text: string): string {
  // Two independent 32-bit hashes: one alone would meet itself among some ten thousand names.
  return [0x811c9dc5, 0x9747b28c].map((offset) => fnv1a(text, offset).toString(36).padStart(7, "0")).join("")
}

function shorten(text: string, max: number): string {
  const hash = shortHash(text)
  const kept = max - 1 - hash.length
  return kept > 0 ? `${text.slice(0, kept)}_${hash}` : hash.slice(0, max)
}

function fnv1a(text: string, offset: number): number {
  let hash = offset
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193)
  return hash >>> 0
}

/** Undefined for an id that {@link encodeId} did not make, though it may look like one. */
function decodeId(id: string): string | undefined {
  if (!id.startsWith(ENCODED)) return undefined
  try {
    const bytes = atob(id.slice(ENCODED.length).replaceAll("-", "+").replaceAll("_", "/"))
    const decoded = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(
      Uint8Array.from(bytes, (char) => char.charCodeAt(0)),
    )
    return encodeId(decoded) === id ? decoded : undefined
  } catch {
    return undefined
  }
}

function toBase64Url(text: string): string {
  const bytes = Array.from(new TextEncoder().encode(text), (byte) => String.fromCharCode(byte)).join("")
  return btoa(bytes).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "")
}
