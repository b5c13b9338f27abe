/** What is read of a body that is read as a text. */
import { afterEach, beforeEach, expect, test, vi } from "vitest"
import { readText } from "../../src/dial/read-text.ts"
import { Flow, type Source } from "../../src/stream/flow.ts"

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

/** These pieces, and then silence until it is let go. */
function silent(...pieces: readonly string[]): Source<Uint8Array> & { canceled: boolean } {
  const waiting = pieces.map((piece) => new TextEncoder().encode(piece))
  return {
    canceled: false,
    read: () => waiting.shift() ?? new Promise<never>(() => {}),
    cancel() {
      this.canceled = true
    },
  }
}

test("an error that never ends is told by what came of it within ten seconds", async () => {
  const source = silent('{"error":', '"half')
  const text = readText(new Flow(source), 1000)
  await vi.advanceTimersByTimeAsync(10_000)
  expect([await text, source.canceled]).toEqual(['{"error":"half', true])
})

test("of a text that is too long the beginning is read, and the rest let go", async () => {
  const source = silent("abc", "def", "ghi")
  expect([await readText(new Flow(source), 4), source.canceled]).toEqual(["abcd", true])
  expect(vi.getTimerCount()).toBe(0)
})
