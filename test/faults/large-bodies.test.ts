/**
 * Bodies of requests that are too large, or become so. Faults of the list, and what must hold:
 *
 * | Fault | |
 * | --- | --- |
 * | 17 too large by its length, in chunks, packed | 413 before it is all there, in words |
 * | 18 a bomb from the client: little that unpacks to much, a chain of packings | no more than the limit is unpacked; a chain is refused |
 *
 * What is done with the connection of a body that is not read to its end is in `slow-clients.test.ts`, how much memory
 * it takes in `slow/large-bodies.test.ts`; a backend's bombs are among the upstream's faults.
 */
import { deflateSync, gzipSync } from "node:zlib"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { DEMO } from "../node/_start.ts"
import { head, heardIn, KEY, refusal, serveFiles, speakTo, type Served } from "./_wire.ts"

const LIMIT = 100_000
const TOO_LARGE = `the request body is larger than ${LIMIT} bytes (server.max_body)`

let server: Served
beforeAll(async () => {
  server = await serveFiles({ "config.yaml": `${DEMO}server: { max_body: ${LIMIT} }\n` })
})
afterAll(() => server.close())

/** What a body is answered of which this much is sent. */
async function heardOf(headers: readonly string[], body: string | Uint8Array) {
  const { write, until, said, socket } = speakTo(server.url, `${head("POST /v1/messages", `x-api-key: ${KEY}`, ...headers)}\r\n`)
  write(body)
  await until("\r\n0\r\n\r\n")
  socket.destroy()
  const answer = heardIn(said())
  return { answer, shown: [answer.status, answer.body] }
}

const length = (bytes: number): string => `Content-Length: ${bytes}`
const chunk = (size: number): string => `${size.toString(16)}\r\n${" ".repeat(size)}\r\n`
const message = (system: string): string =>
  JSON.stringify({ model: "demo", max_tokens: 9, system, messages: [{ role: "user", content: "Hi" }] })
const bomb = gzipSync(Buffer.alloc(50_000_000, " "))

describe("a body is refused as soon as it is known to be too large:", () => {
  test.each<[string, readonly string[], string | Uint8Array]>([
    ["by its length, before a byte of it", [length(LIMIT + 1)], ""],
    ["by a length that is a lie", [length(Number.MAX_SAFE_INTEGER)], "{}"],
    ["in chunks, of which more would follow", ["Transfer-Encoding: chunked"], chunk(60_000) + chunk(60_000)],
    ["packed, and larger than the limit as it is", ["Content-Encoding: gzip", length(LIMIT + 1)], ""],
    ["a bomb: 50 kB that unpack to 50 MB", ["Content-Encoding: gzip", length(bomb.byteLength)], bomb],
    ["a bomb in the other packing", ["Content-Encoding: deflate", length(deflateSync(Buffer.alloc(9_000_000)).byteLength)], deflateSync(Buffer.alloc(9_000_000))],
  ])("%s", async (_, headers, body) => {
    const { answer, shown } = await heardOf(headers, body)
    expect(shown).toEqual([413, refusal("request_too_large", TOO_LARGE, answer)])
  })

  test("and one that is just not too large is taken", async () => {
    const fits = message("x".repeat(LIMIT - message("").length))
    for (const [headers, body] of [
      [[length(fits.length)], fits],
      [["Transfer-Encoding: chunked"], `${fits.length.toString(16)}\r\n${fits}\r\n0\r\n\r\n`],
      [["Content-Encoding: gzip", length(gzipSync(fits).byteLength)], gzipSync(fits)],
    ] as const) {
      const { write, until, said, socket } = speakTo(server.url, `${head("POST /v1/messages", `x-api-key: ${KEY}`, ...headers)}\r\n`)
      write(body)
      await until("}]")
      socket.destroy()
      expect(heardIn(said()).status).toBe(200)
    }
  })
})

describe("packings that cannot be undone are refused:", () => {
  const UNKNOWN = "content-encoding: must be gzip, deflate or identity"
  const BROKEN = "content-encoding: the request body is not valid gzip"
  const packed = gzipSync(message("packed"))
  test.each<[string, string, Uint8Array, string, string]>([
    ["two on top of each other", "gzip, gzip", gzipSync(packed), UNKNOWN, "unsupported"],
    ["a thousand", Array(1000).fill("gzip").join(","), packed, UNKNOWN, "unsupported"],
    ["one that every object has", "constructor", packed, UNKNOWN, "unsupported"],
    ["one that ends in the middle", "gzip", packed.subarray(0, -9), BROKEN, "invalid"],
    ["one with more behind its end", "gzip", Buffer.concat([packed, Buffer.from("more")]), BROKEN, "invalid"],
    ["none at all", "gzip", Buffer.from(message("plain")), BROKEN, "invalid"],
  ])("%s", async (_, encoding, body, words, code) => {
    const { answer } = await heardOf([`Content-Encoding: ${encoding}`, length(body.byteLength)], body)
    const details = { error_code: `request_body_encoding_${code}` }
    expect([answer.status, answer.body]).toEqual([
      400,
      { type: "error", error: { type: "invalid_request_error", message: words, details }, request_id: answer.headers["request-id"] },
    ])
  })
})
