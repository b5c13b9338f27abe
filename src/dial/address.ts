/** Where a call to a backend goes, and the header its key goes into. */
import type { Backend } from "../stage.ts"

/**
 * A path below a backend's base URL, ahead of the query that Azure's base URLs may have. Base URLs of Anthropic's API
 * are written with `/v1` and without: it is never there twice.
 */
export function toUrl({ base_url }: Pick<Backend, "base_url">, path: string): string {
  const query = base_url.indexOf("?")
  const base = query < 0 ? base_url : base_url.slice(0, query).replace(/\/$/, "")
  const below = base.endsWith("/v1") && path.startsWith("/v1/") ? path.slice("/v1".length) : path
  return base + below + (query < 0 ? "" : base_url.slice(query))
}

/** No header at all for a backend without a key. */
export function toAuth({ api_key, profile }: Pick<Backend, "api_key" | "profile">): Readonly<Record<string, string>> {
  if (!api_key) return {}
  const header = profile.auth_header.toLowerCase()
  return { [header]: header === "authorization" ? `Bearer ${api_key}` : api_key }
}

/** A server's own paths stand beside its API: `http://gpu:8000/v1` → `http://gpu:8000`. */
export function toRoot(base_url: string): string {
  return base_url.replace(/\/v1\/?(?=\?|$)/, "")
}
