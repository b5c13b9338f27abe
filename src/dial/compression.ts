/** Which `content-encoding`s the platform can undo, and by what name it knows them. */

const FORMATS: Readonly<Record<string, CompressionFormat>> = { gzip: "gzip", "x-gzip": "gzip", deflate: "deflate" }

/** What undoes an encoding; undefined for one that cannot be undone here, a list of several among them. */
export function formatOf(encoding: string): CompressionFormat | undefined {
  return Object.hasOwn(FORMATS, encoding) ? FORMATS[encoding] : undefined
}

/** The encoding a body's headers tell; `identity` where it has none. */
export function encodingIn(headers: Headers): string {
  return headers.get("content-encoding")?.trim().toLowerCase() || "identity"
}
