/**
 * Faults 17 and 18, how much memory they take: a server of its own is sent bodies of 60 MB by length, in chunks and packed,
 * bombs of 1 GB, and ten of each at once without a key. What is known to be too large takes nothing, what becomes so
 * up to the limit and what the socket brings meanwhile. What is answered is in `../large-bodies.test.ts`.
 */
import { readFileSync, writeFileSync } from "node:fs"
import { gzipSync } from "node:zlib"
import { afterAll, beforeAll, expect, test } from "vitest"
import { DEMO, folderOf, start, type Started } from "../../node/_start.ts"
import { head, heardIn, KEY, speakTo } from "../_wire.ts"

const MB = 1024 * 1024
const LIMIT = 32 * MB // the default

let server: Started
let url = ""
beforeAll(async () => {
  server = start(await folderOf({ "config.yaml": DEMO }), { PROXY_API_KEY: KEY })
  await server.until("listening")
  url = /on (http:\S+)/.exec(server.output.out)?.[1] ?? ""
  await fetch(`${url}/v1/models`, { headers: { "x-api-key": KEY } })
})
afterAll(() => void server.child.kill("SIGKILL"))

/** Begins a new peak (proc(5), clear_refs) and gives what is taken now, in bytes. */
function memoryNow(): number {
  writeFileSync(`/proc/${server.child.pid}/clear_refs`, "5")
  return memory("VmRSS")
}

function memory(field: "VmHWM" | "VmRSS"): number {
  const [, kilobytes = "0"] = new RegExp(`${field}:\\s+(\\d+)`).exec(readFileSync(`/proc/${server.child.pid}/status`, "utf8")) ?? []
  return Number(kilobytes) * 1024
}

const large = Buffer.alloc(60 * MB, " ")
/** Twenty members of 50 MB each. */
const bomb = Buffer.concat(Array(20).fill(gzipSync(Buffer.alloc(50 * MB, " "), { level: 9 })))

/** What is answered; the body goes on as long as somebody takes it. */
async function send(lines: readonly string[], body: Buffer, key = KEY): Promise<number> {
  const { socket, over, until, said } = speakTo(url, `${head("POST /v1/messages", `x-api-key: ${key}`, ...lines)}\r\n`)
  for (let at = 0; at < body.length && socket.writable; at += MB) socket.write(body.subarray(at, at + MB))
  await Promise.race([over, until("}}"), until('"}')])
  socket.destroy()
  return heardIn(said()).status
}

const chunked = Buffer.concat([Buffer.from(`${large.length.toString(16)}\r\n`), large])

test.skipIf(process.platform !== "linux").each<[string, readonly string[], Buffer, number]>([
  ["60 MB by length", [`Content-Length: ${large.length}`], large, LIMIT],
  ["60 MB in chunks", ["Transfer-Encoding: chunked"], chunked, 3 * LIMIT],
  ["a bomb of 1 GB", ["Content-Encoding: gzip", `Content-Length: ${bomb.length}`], bomb, 3 * LIMIT],
])("%s: is refused, and the memory it takes is bounded", async (_, lines, body, most) => {
  const before = memoryNow()
  expect(await send(lines, body)).toBe(413)
  const took = memory("VmHWM") - before
  process.stdout.write(`peak: +${Math.round(took / MB)} MB\n`)
  expect(took).toBeLessThan(most)
})

test.skipIf(process.platform !== "linux")("without a key nothing is read, however many send", async () => {
  const before = memoryNow()
  const bodies = Array.from({ length: 10 }, (_, n) =>
    n % 2 === 0 ? send(["Transfer-Encoding: chunked"], chunked, "wrong") : send([`Content-Length: ${large.length}`], large, "wrong"),
  )
  const statuses = await Promise.all(bodies)
  const took = memory("VmHWM") - before
  process.stdout.write(`peak: +${Math.round(took / MB)} MB\n`)
  expect(new Set(statuses)).toEqual(new Set([401]))
  expect(took).toBeLessThan(LIMIT)
})
