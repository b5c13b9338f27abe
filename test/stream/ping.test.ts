/** Pings in silence. */
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest"
import { Flow, type Source } from "../../src/stream/flow.ts"
import { Pinged } from "../../src/stream/ping.ts"

beforeEach(() => {
  vi.useFakeTimers()
})

afterEach(() => {
  vi.useRealTimers()
})

/** A source that the test writes by hand. */
class Written implements Source<Uint8Array> {
  readonly canceled: unknown[] = []
  #waiting: PromiseWithResolvers<Uint8Array | undefined> | undefined

  read(): Promise<Uint8Array | undefined> {
    if (this.#waiting) throw new Error("two reads at once")
    this.#waiting = Promise.withResolvers()
    return this.#waiting.promise
  }

  cancel(reason: unknown): void {
    this.canceled.push(reason)
  }

  /** Answers the read that waits. Undefined is the end. */
  give(text: string | undefined): void {
    const waiting = this.#waiting
    this.#waiting = undefined
    waiting?.resolve(text === undefined ? undefined : new TextEncoder().encode(text))
  }

  fail(error: Error): void {
    const waiting = this.#waiting
    this.#waiting = undefined
    waiting?.reject(error)
  }
}

const PING = 'event: ping\ndata: {"type":"ping"}\n\n'

/** Reads without a pause and keeps what comes, each with the second at which it came. */
function listen(source: Source<Uint8Array>): readonly string[] {
  const heard: string[] = []
  const began = performance.now()
  const second = () => (performance.now() - began) / 1000
  void (async () => {
    try {
      for await (const bytes of new Flow(source)) {
        const text = new TextDecoder().decode(bytes)
        heard.push(`${second()} ${text === PING ? "ping" : text}`)
      }
      heard.push(`${second()} end`)
    } catch (error) {
      heard.push(`${second()} ${(error as Error).message}`)
    }
  })()
  return heard
}

const seconds = (n: number) => vi.advanceTimersByTimeAsync(n * 1000)

describe("pings", () => {
  test("fill a silence, one each interval", async () => {
    const heard = listen(new Pinged(new Written(), 10))
    await seconds(35)
    expect(heard).toEqual(["10 ping", "20 ping", "30 ping"])
  })

  test("count from the last thing that was sent", async () => {
    const source = new Written()
    const heard = listen(new Pinged(source, 10))
    await seconds(7)
    source.give("a")
    await seconds(8)
    source.give("b")
    await seconds(12)
    expect(heard).toEqual(["7 a", "15 b", "25 ping"])
  })

  test("are none where something always comes in time", async () => {
    const source = new Written()
    const heard = listen(new Pinged(source, 10))
    for (const text of ["a", "b", "c", "d"]) {
      await seconds(9)
      source.give(text)
    }
    await seconds(1)
    expect(heard).toEqual(["9 a", "18 b", "27 c", "36 d"])
  })

  test("lose nothing of what they overtake, however many there are", async () => {
    const source = new Written()
    const heard = listen(new Pinged(source, 10))
    await seconds(25)
    source.give("a")
    await seconds(1)
    source.give("b")
    await seconds(1)
    source.give(undefined)
    await seconds(30)
    expect(heard).toEqual(["10 ping", "20 ping", "25 a", "26 b", "27 end"])
  })

  test("count the silence there has been already", async () => {
    const heard = listen(new Pinged(new Written(), 10, 10))
    await seconds(11)
    expect(heard).toEqual(["0 ping", "10 ping"])
  })

  test("do not pile up for a reader that is slow", async () => {
    const source = new Written()
    const pinged = new Pinged(source, 10)
    const first = pinged.read()
    await seconds(100)
    expect(new TextDecoder().decode(await first)).toBe(PING)
    source.give("a")
    await seconds(100)
    expect(new TextDecoder().decode(await pinged.read())).toBe("a")
  })

  test("are none where the source has everything at hand", async () => {
    const items = [new TextEncoder().encode("a"), new TextEncoder().encode("b")]
    const heard = listen(new Pinged({ read: () => items.shift(), cancel: () => {} }, 10))
    await seconds(30)
    expect(heard).toEqual(["0 a", "0 b", "0 end"])
  })
})

describe("no timer is left behind", () => {
  test("at the end", async () => {
    const source = new Written()
    const heard = listen(new Pinged(source, 10))
    await seconds(1)
    source.give(undefined)
    await seconds(0)
    expect(heard).toEqual(["1 end"])
    expect(vi.getTimerCount()).toBe(0)
  })

  test("when the reader leaves, and the source hears of it", async () => {
    const source = new Written()
    const reader = new Flow(new Pinged(source, 10)).getReader()
    void reader.read().catch(() => {})
    await seconds(1)
    await reader.cancel("gone")
    expect(source.canceled).toEqual(["gone"])
    expect(vi.getTimerCount()).toBe(0)
  })

  test("when the source fails, before or after a ping", async () => {
    const [early, late] = [new Written(), new Written()]
    const heard = [listen(new Pinged(early, 10)), listen(new Pinged(late, 10))]
    await seconds(5)
    early.fail(new Error("reset"))
    await seconds(10)
    late.fail(new Error("reset"))
    await seconds(10)
    expect(heard).toEqual([["5 reset"], ["10 ping", "15 reset"]])
    expect(vi.getTimerCount()).toBe(0)
  })
})
