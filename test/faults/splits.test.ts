/** Where a network cuts a stream is nothing a client may ever notice. */
import * as fc from "fast-check"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { cut, startInProcess, type InProcess } from "./_in-process.ts"
import { toText, TWENTY } from "./_recordings.ts"

/** Failures print it; set SEED to run another one. */
const SEED = Number(process.env["SEED"] ?? 20261122)

/** Of each stream; 1,000 in all. */
const CUTS = 50

const encoder = new TextEncoder()

let proxy: InProcess
beforeAll(async () => {
  proxy = await startInProcess(TWENTY)
})
afterAll(() => proxy.close())

describe.each(TWENTY.map((recording) => [recording.name, recording] as const))("%s", (_, recording) => {
  const plain = encoder.encode(toText(recording.events))
  // Line ends of every kind, blank lines before all else, and a byte order mark, whose three bytes may be cut, too.
  const spelled = ["\n", "\r\n", "\r"].flatMap((end) => {
    const text = toText(recording.events, end)
    return [text, `\ufeff${text}`, `${end}${end}${text}`].map((spelling) => encoder.encode(spelling))
  })
  const places = fc.array(fc.nat(), { minLength: 1, maxLength: 30 })

  test(`cuts anywhere leave the answer the same, to the byte (seed ${SEED})`, async () => {
    const told = await proxy.answer(recording, [plain], true)
    expect(told.status).toBe(200)
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...spelled), places, async (bytes, at) => {
        expect(await proxy.answer(recording, cut(bytes, at), true)).toEqual(told)
      }),
      { seed: SEED, numRuns: CUTS },
    )
  })

  test("each byte by itself leaves the answer the same, to the byte", async () => {
    const told = await proxy.answer(recording, [plain], true)
    const bytes = encoder.encode(`\ufeff${toText(recording.events, "\r\n")}`)
    const each = Array.from({ length: bytes.length }, (_, at) => at)
    expect(await proxy.answer(recording, cut(bytes, each), true)).toEqual(told)
  })
})
