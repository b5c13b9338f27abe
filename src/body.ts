/** Reading a request's body: decoded, capped before and after decoding, once. */
import { badRequest, ProxyError } from "./error.ts"

/** Encodings the platform can undo. Anthropic's clients may compress what they send. */
const DECODERS: Readonly<Record<string, CompressionFormat>> = { gzip: "gzip", "x-gzip": "gzip", deflate: "deflate" }

/**
 * A reader of one request's body that remembers it.
 *
 * @param limit Most bytes it may have, compressed or not; beyond that 413.
 */
export function createBody(req: Request, limit: number): () => Promise<Uint8Array> {
  let body: Promise<Uint8Array> | undefined
  return () => (body ??= read(req, limit))
}

/** The body as JSON. Throws 400 with the reason when it is none. */
export async function readJson({ bytes: readBytes }: { bytes(): Promise<Uint8Array> }): Promise<unknown> {
  const bytes = await readBytes()
  if (bytes.byteLength === 0) throw badRequest("", "the request body is empty; a JSON object is needed")
  let text: string
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes)
  } catch {
    throw badRequest("", "the request body is not valid UTF-8")
  }
  try {
    return JSON.parse(text)
  } catch (error) {
    // The parser's own words quote what stands there; where it broke is all a client needs.
    const [where = ""] = /at position \d+(?: \(line \d+ column \d+\))?/.exec(String(error)) ?? []
    throw badRequest("", `the request body is not valid JSON${where && ` ${where}`}`)
  }
}

async function read(req: Request, limit: number): Promise<Uint8Array> {
  if (Number(req.headers.get("content-length") ?? 0) > limit) throw tooLarge(limit)
  const encoding = req.headers.get("content-encoding")?.trim().toLowerCase() || "identity"
  if (encoding === "identity") return req.body ? collect(req.body, limit) : new Uint8Array()
  const format = Object.hasOwn(DECODERS, encoding) ? DECODERS[encoding] : undefined
  if (!format) {
    throw new ProxyError(400, "content-encoding: must be gzip, deflate or identity", {
      details: { error_code: "request_body_encoding_unsupported" },
    })
  }
  const packed = await collect(req.body ?? new ReadableStream(), limit)
  const unpacked = new Blob([packed as Uint8Array<ArrayBuffer>]).stream().pipeThrough(new DecompressionStream(format))
  try {
    return await collect(unpacked, limit)
  } catch (thrown) {
    if (thrown instanceof ProxyError) throw thrown
    throw new ProxyError(400, `content-encoding: the request body is not valid ${encoding}`, {
      details: { error_code: "request_body_encoding_invalid" },
      cause: thrown,
    })
  }
}

/** Counts while it reads. What is too much is left unread, not cancelled: the answer can still be sent that way. */
async function collect(stream: ReadableStream<Uint8Array>, limit: number): Promise<Uint8Array> {
  const pieces: Uint8Array[] = []
  let size = 0
  const reader = stream.getReader()
  for (;;) {
    const { done, value } = await reader.read()
    if (done) break
    size += value.byteLength
    if (size > limit) throw tooLarge(limit)
    pieces.push(value)
  }
  const [first] = pieces
  if (first && pieces.length === 1) return first
  const all = new Uint8Array(size)
  let at = 0
  for (const piece of pieces) {
    all.set(piece, at)
    at += piece.byteLength
  }
  return all
}

function tooLarge(limit: number): ProxyError {
  return new ProxyError(413, `the request body is larger than ${limit} bytes (server.max_body)`)
}
