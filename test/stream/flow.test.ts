/** Flows and steps: the fusion, and foreign streams among them. */
import { describe, expect, test } from "vitest"
import { Flow, type Source, type Step } from "../../src/stream/flow.ts"
import { all, double, Listed, Made, soon, upTo } from "./_flow.ts"

describe("steps", () => {
  test("run one after the other", async () => {
    const flow = new Flow(new Listed([1, 2, 3])).pipeThrough(double()).pipeThrough(new Made((n: number) => `<${n}>`))
    expect(await all(flow)).toEqual(["<2>", "<4>", "<6>"])
  })

  test("run as plain calls of one read, with no turn of the queue in between", async () => {
    const book: string[] = []
    const noted = (name: string) =>
      new Made((n: number) => {
        book.push(`${name} ${n}`)
        return n
      })
    const source: Source<number> = {
      read() {
        book.push("read")
        queueMicrotask(() => book.push("microtask"))
        return 1
      },
      cancel: () => {},
    }
    const reader = new Flow(source).pipeThrough(noted("a")).pipeThrough(noted("b")).pipeThrough(noted("c")).getReader()
    await reader.read()
    expect(book).toEqual(["read", "a 1", "b 1", "c 1", "microtask"])
    await reader.cancel()
  })

  test("are asked on until one has something to say, within the same read", async () => {
    const source = new Listed([1, 2, 3, 4])
    const reader = new Flow(source).pipeThrough(new Made((n: number) => (n % 3 === 0 ? n : undefined))).getReader()
    expect(await reader.read()).toEqual({ done: false, value: 3 })
    expect(source.reads).toBe(3)
  })

  test("may wait for items that come later", async () => {
    const source = new Listed([Promise.resolve(1), 2, Promise.resolve(3)])
    expect(await all(new Flow(source).pipeThrough(double()).pipeThrough(double()))).toEqual([4, 8, 12])
  })

  test("say what is left at the end, once, and later steps take it", async () => {
    let ends = 0
    const sum = () => {
      let total = 0
      return new Made(
        (n: number) => void (total += n),
        () => {
          ends++
          return total
        },
      ) as Step<number, number>
    }
    const flow = new Flow(new Listed([1, 2, Promise.resolve(3)])).pipeThrough(sum()).pipeThrough(double())
    const reader = flow.getReader()
    expect([await reader.read(), await reader.read(), await reader.read()]).toEqual([
      { done: false, value: 12 },
      { done: true, value: undefined },
      { done: true, value: undefined },
    ])
    expect(ends).toBe(1)
  })

  test("nothing is read before somebody reads, and nothing ahead", async () => {
    const source = new Listed([1, 2, 3])
    const reader = new Flow(source).pipeThrough(double()).getReader()
    await soon()
    expect(source.reads).toBe(0)
    await reader.read()
    await soon()
    expect(source.reads).toBe(1)
  })

  test("lock the flow they are piped from, as the platform's pipeThrough does", () => {
    const flow = new Flow(new Listed([1]))
    flow.pipeThrough(double())
    expect(flow.locked).toBe(true)
    expect(() => flow.pipeThrough(double())).toThrow(TypeError)
  })
})

describe("foreign streams", () => {
  const addOne = () => new TransformStream<number, number>({ transform: (n, controller) => controller.enqueue(n + 1) })

  test("may stand in the middle of a chain", async () => {
    const flow = new Flow(new Listed([1, 2])).pipeThrough(double()).pipeThrough(addOne()).pipeThrough(double())
    expect(flow).toBeInstanceOf(Flow)
    expect(await all(flow)).toEqual([6, 10])
  })

  test("let a cancel through to the source", async () => {
    const source = new Listed([1, 2, 3])
    const flow = new Flow(source).pipeThrough(double()).pipeThrough(addOne()).pipeThrough(double())
    const reader = flow.getReader()
    await reader.read()
    await reader.cancel("gone")
    await soon()
    expect(source.canceled).toEqual(["gone"])
  })

  test("take a step in their own pipeThrough", async () => {
    const stream = new ReadableStream<number>({
      start(controller) {
        for (const n of [1, 2, 3]) controller.enqueue(n)
        controller.close()
      },
    })
    const withEnd = new Made(
      (n: number) => n * 2,
      () => 100,
    )
    expect(await all(stream.pipeThrough(withEnd))).toEqual([2, 4, 6, 100])
  })

  test("end where a step in their pipeThrough is done", async () => {
    let canceled = false
    const stream = new ReadableStream<number>({
      pull: (controller) => controller.enqueue(1),
      cancel: () => void (canceled = true),
    })
    expect(await all(stream.pipeThrough(upTo(1)))).toEqual([1])
    await soon()
    expect(canceled).toBe(true)
  })

  test("become flows; a flow is itself", async () => {
    const stream = new Blob(["hi"]).stream()
    const flow = Flow.of(stream)
    expect(Flow.of(flow)).toBe(flow)
    expect((await all(flow)).length).toBe(1)
  })
})

describe("a flow as a Web stream", () => {
  test("is the body of a Response, by itself or as the platform's own stream", async () => {
    const hi = (): Flow<Uint8Array<ArrayBuffer>> => new Flow(new Listed(["h", "i"].map((text) => new TextEncoder().encode(text))))
    expect([await new Response(hi()).text(), await new Response(hi().readable).text()]).toEqual(["hi", "hi"])
  })

  test("is pumped into what is written to, read twice by tee, and iterated", async () => {
    const written: number[] = []
    const sink = new WritableStream<number>({ write: (n) => void written.push(n) })
    await new Flow(new Listed([1, 2])).pipeTo(sink)
    const [one, other] = new Flow(new Listed([1, 2])).pipeThrough(double()).tee()
    const iterated: number[] = []
    for await (const n of new Flow(new Listed([7, 8]))) iterated.push(n)
    expect([written, await all(one), await all(other), iterated]).toEqual([[1, 2], [2, 4], [2, 4], [7, 8]])
  })

  test("is locked for whoever asks for it when its source has gone, and the other way round", async () => {
    const gone = new Flow(new Listed([1]))
    gone.detach()
    expect(gone.locked).toBe(true)
    expect(() => gone.getReader()).toThrow(TypeError)
    await expect(gone.cancel()).rejects.toThrow(TypeError)
    const read = new Flow(new Listed([1]))
    const { readable } = read
    read.detach()
    expect(readable.locked).toBe(true)
  })

  test("lets its source go when it is cancelled, whether or not a stream has been made of it", async () => {
    const sources = [new Listed([1]), new Listed([1])]
    const [bare, made] = sources.map((source) => new Flow(source))
    expect(made?.readable.locked).toBe(false)
    await bare?.cancel("gone")
    await made?.cancel("left")
    expect(sources.map(({ canceled }) => canceled)).toEqual([["gone"], ["left"]])
  })
})
