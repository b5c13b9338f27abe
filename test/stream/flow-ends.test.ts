/** How flows end: who lets go of what, and what becomes of failures. */
import { describe, expect, test } from "vitest"
import { catching, Flow, flowOf, type Source, type Step } from "../../src/stream/flow.ts"
import { all, double, Listed, Made, soon, upTo } from "./_flow.ts"

describe("letting go", () => {
  test("a cancel reaches the source through all steps", async () => {
    const source = new Listed([1, 2, 3])
    const reader = new Flow(source).pipeThrough(double()).pipeThrough(double()).getReader()
    await reader.read()
    await reader.cancel("gone")
    expect(source.canceled).toEqual(["gone"])
  })

  test("a step that is done lets the source go and ends the chain; nobody's end is called", async () => {
    const source = new Listed([1, 2, 3, 4])
    const flow = new Flow(source)
      .pipeThrough(double())
      .pipeThrough(upTo(4))
      .pipeThrough(new Made((n: number) => n))
    expect(await all(flow)).toEqual([2, 4])
    expect(source.canceled).toEqual([undefined])
    expect(source.reads).toBe(2)
  })

  test("a step that is done without a last word ends the chain at once", async () => {
    const source = new Listed([1, 2])
    const silent = new Made((_: number, step: Made<number, number>) => void (step.over = true)) as Step<number, number>
    expect(await all(new Flow(source).pipeThrough(silent))).toEqual([])
    expect(source.reads).toBe(1)
  })

  test("a step behind one that is done hears of the end", async () => {
    const flow = new Flow(new Listed([1, 2, 3])).pipeThrough(upTo(2)).pipeThrough(
      new Made(
        (n: number) => n,
        () => 100,
      ),
    )
    expect(await all(flow)).toEqual([1, 2, 100])
  })

  test("a source that refuses to be let go harms nobody", async () => {
    const source: Source<number> = { read: () => 1, cancel: () => Promise.reject(new Error("no")) }
    expect(await all(new Flow(source).pipeThrough(upTo(1)))).toEqual([1])
    const thrower: Source<number> = {
      read: () => 1,
      cancel() {
        throw new Error("no")
      },
    }
    expect(await all(new Flow(thrower).pipeThrough(upTo(1)))).toEqual([1])
    await soon()
  })
})

describe("a step is told that nobody reads on", () => {
  /** Passes numbers on, and keeps book of how it was left. */
  const noting = (book: string[], name: string, fault?: (n: number) => void) => {
    const step = new Made((n: number) => {
      fault?.(n)
      return n
    }, () => void book.push(`${name} ended`)) as Step<number, number>
    step.cancel = () => void book.push(`${name} left`)
    return step
  }

  test("when the reader leaves, once", async () => {
    const book: string[] = []
    const reader = new Flow(new Listed([1, 2])).pipeThrough(noting(book, "a")).pipeThrough(noting(book, "b")).getReader()
    await reader.read()
    await reader.cancel("gone")
    expect(book).toEqual(["a left", "b left"])
  })

  test("not when the items have ended", async () => {
    const book: string[] = []
    const reader = new Flow(new Listed([1])).pipeThrough(noting(book, "a")).getReader()
    await reader.read()
    await reader.read()
    await reader.cancel()
    expect(book).toEqual(["a ended"])
  })

  test("when a later step is done, or throws; those behind hear of the end", async () => {
    const book: string[] = []
    await all(new Flow(new Listed([1])).pipeThrough(noting(book, "a")).pipeThrough(upTo(1)).pipeThrough(noting(book, "b")))
    const fault = (): void => {
      throw new Error("plugin")
    }
    const failing = new Flow(new Listed([1])).pipeThrough(noting(book, "c")).pipeThrough(noting(book, "d", fault))
    await all(catching(failing, () => 7).pipeThrough(noting(book, "e")))
    expect(book).toEqual(["a left", "b ended", "c left", "d left", "e ended"])
  })

  test("when the source throws", async () => {
    const book: string[] = []
    const source: Source<number> = { read: () => Promise.reject(new Error("reset")), cancel: () => {} }
    await all(catching(new Flow(source).pipeThrough(noting(book, "a")), () => 7))
    expect(book).toEqual(["a left"])
  })

  test("also before a foreign stream, and as one", async () => {
    const book: string[] = []
    const flow = new Flow(new Listed([1, 2, 3, 4])).pipeThrough(noting(book, "a")).pipeThrough(new TransformStream<number, number>())
    const reader = flow.getReader()
    await reader.read()
    await reader.cancel()
    const foreign = new ReadableStream<number>({ pull: (controller) => controller.enqueue(1) })
    await foreign.pipeThrough(noting(book, "b")).cancel()
    expect(book).toEqual(["a left", "b left"])
  })

  test("and one that throws at that keeps nobody from being told", async () => {
    const book: string[] = []
    const thrower = new Made((n: number) => n)
    thrower.cancel = () => {
      throw new Error("no")
    }
    const source = new Listed([1])
    await new Flow(source).pipeThrough(thrower).pipeThrough(noting(book, "a")).cancel("gone")
    expect([book, source.canceled]).toEqual([["a left"], ["gone"]])
  })
})

describe("until", () => {
  test("reads as far as the test wants, and gives everything back", async () => {
    const source = new Listed([1, Promise.resolve(2), 3, 4])
    const flow = await Flow.until(new Flow(source), (n) => n >= 2)
    expect(source.reads).toBe(2)
    expect(await all(flow)).toEqual([1, 2, 3, 4])
  })

  test("stops at the end", async () => {
    expect(await all(await Flow.until(new Flow(new Listed([1, 2])), () => false))).toEqual([1, 2])
  })

  test("leaves a cancel to the source, and what was held is gone", async () => {
    const source = new Listed([1, 2, 3])
    const flow = await Flow.until(new Flow(source), (n) => n >= 2)
    await flow.cancel("gone")
    expect(source.canceled).toEqual(["gone"])
  })

  test("rejects when the source does", async () => {
    const source: Source<number> = { read: () => Promise.reject(new Error("reset")), cancel: () => {} }
    await expect(Flow.until(new Flow(source), () => true)).rejects.toThrow("reset")
  })
})

describe("flowOf", () => {
  test("is one list", async () => {
    expect(await all(flowOf([1, 2]))).toEqual([[1, 2]])
    expect(await all(flowOf([]))).toEqual([])
  })
})

describe("catching", () => {
  const words = (thrown: unknown) => `failed: ${(thrown as Error).message}`
  const failing = (read: () => number | Promise<number>): Source<number> & { readonly canceled: unknown[] } => {
    const canceled: unknown[] = []
    return { read, cancel: (reason) => void canceled.push(reason), canceled }
  }

  test("makes a failure the last item, behind what had come", async () => {
    let n = 0
    const source = failing(() => (++n < 3 ? n : Promise.reject(new Error("reset"))))
    expect(await all(catching(new Flow<number | string>(source), words))).toEqual([1, 2, "failed: reset"])
    expect(source.canceled).toEqual([new Error("reset")])
  })

  test("catches what is thrown at once", async () => {
    const source = failing(() => {
      throw new Error("bad")
    })
    expect(await all(catching(new Flow<number | string>(source), words))).toEqual(["failed: bad"])
  })

  test("catches a step that throws, and lets the source go", async () => {
    const source = new Listed<number | string>([1, 2, 3])
    const flow = new Flow(source).pipeThrough(
      new Made((n: number | string) => {
        if (n === 2) throw new Error("plugin")
        return n
      }),
    )
    expect(await all(catching(flow, words))).toEqual([1, "failed: plugin"])
    expect(source.canceled).toEqual([new Error("plugin")])
  })

  test("catches a foreign stream that errors", async () => {
    const stream = new ReadableStream<number | string>({
      pull: (controller) => controller.error(new Error("terminated")),
    })
    expect(await all(catching(Flow.of(stream), words))).toEqual(["failed: terminated"])
    await soon()
  })

  test("leaves a cancel to the source", async () => {
    const source = new Listed<number | string>([1])
    await catching(new Flow(source), words).cancel("gone")
    expect(source.canceled).toEqual(["gone"])
  })
})
