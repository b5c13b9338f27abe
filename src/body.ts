/** Reading a request's body: decoded, capped before and after decoding, once. */
import { encodingIn, formatOf } from "./dial/compression.ts"
import { badRequest, ProxyError } from "./error.ts"

/**
 * A reader of one request's body that remembers it.
 *
 * @param limit Most bytes it may have, compressed or not; beyond that 413.
 */
export function createText(req: Request, limit: number): () => Promise<string> {
  let body: Promise<string> | undefined
  return () => (body ??= read(req, limit))
}

/** The body as JSON. Throws 400 with the reason when it is none. */
export async function readJson(received: { text(): Promise<string> }): Promise<unknown> {
  const text = await received.text()
  if (text === "") throw badRequest("", "the request body is empty; a JSON object is needed")
  try {
    return JSON.parse(text)
  } catch (error) {
    // The parser's own words quote what stands there; where it broke is all a client needs.
    const [where = ""] = /at position \d+(?: \(line \d+ column \d+\))?/.exec(String(error)) ?? []
    throw badRequest("", `the request body is not valid JSON${where && ` ${where}`}`)
  }
}

async function read(req: Request, limit: number): Promise<string> {
  const announced = req.headers.get("content-length")
  if (Number(announced ?? 0) > limit) throw tooLarge(limit)
  const encoding = encodingIn(req.headers)
  if (encoding !== "identity") return decode(await unpack(req, encoding, limit))
  if (announced === null) return req.body ? decode(await collect(req.body, limit)) : ""
  // What was announced is all that can come, so the platform may read it in its own way, which is the fastest.
  const text = await req.text()
  const mended = text.includes("\ufffd") && new TextEncoder().encode(text).byteLength !== Number(announced)
  if (mended) throw notText()
  return text.startsWith("\ufeff") ? text.slice(1) : text
}

function decode(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes)
  } catch {
    throw notText()
  }
}

async function unpack(req: Request, encoding: string, limit: number): Promise<Uint8Array> {
  const format = formatOf(encoding)
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
    await unpacked.cancel().catch(() => {}) // what a bomb would still become is not unpacked
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
    if (size > limit) {
      reader.releaseLock()
      throw tooLarge(limit)
    }
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

function notText(): ProxyError {
  return badRequest("", "the request body is not valid UTF-8")
}
