/**
 * Many requests of all kinds, and nothing of them stays: what the process holds afterwards is what it held before. The
 * first of them are a warm-up, in which pools and caches fill.
 */
import { afterAll, beforeAll, expect, test } from "vitest"
import { ask, KINDS, startLoadBackend, type Backend } from "./_load.ts"
import { KEY, startMeasured, type Held, type Measured } from "./_server.ts"

/** How many requests; set REQUESTS for more, or for fewer, which show coarse leaks only. */
const REQUESTS = Number(process.env["REQUESTS"] ?? 100_000)

/** So many go ahead, twice: tables grow until some 50,000 have come. */
const WARM_UP = Math.ceil(REQUESTS * 0.35)

/** The heap is looked at three times on the way. */
const WINDOW = Math.ceil(REQUESTS / 3)

let backend: Backend
let proxy: Measured
beforeAll(async () => {
  backend = await startLoadBackend()
  proxy = await startMeasured({
    models: Object.fromEntries(KINDS.map((kind) => [kind, { backend: "b", model: kind }])),
    backends: { b: { base_url: backend.url } },
    plugins: ["log", "metrics"],
  })
})
afterAll(async () => {
  await proxy.close()
  await backend.close()
})

test(`${REQUESTS} requests leave nothing behind`, { timeout: 3_600_000 }, async () => {
  const wrong: string[] = []
  const marks: Mark[] = []
  const run = async (from: number, to: number): Promise<void> => {
    wrong.push(...(await ask(proxy.url, KEY, from, to)))
    const mark = await measure()
    marks.push(mark)
    console.log(line(to, mark))
  }
  await run(0, WARM_UP)
  await run(WARM_UP, 2 * WARM_UP) // to be measured for the first time leaves something behind, too
  for (let from = 2 * WARM_UP; from < 2 * WARM_UP + REQUESTS; from += WINDOW) await run(from, from + WINDOW)
  expect(wrong).toEqual([])
  const [first, ...rest] = marks.slice(1) as [Mark, ...Mark[]]
  for (const { resources, listeners, descriptors } of rest) {
    expect({ resources, listeners, descriptors }).toEqual({
      resources: first.resources,
      listeners: first.listeners,
      descriptors: first.descriptors,
    })
  }
  const slopes = rest.map(({ bytes }, n) => (bytes - (n === 0 ? first : (rest[n - 1] as Mark)).bytes) / (WINDOW / 1000))
  console.log(`bytes for each 1,000 requests, by window: ${slopes.map(Math.round).join(", ")}`)
  expect(Math.max(...slopes)).toBeLessThan(1024)
})

interface Mark extends Held {
  /** Of objects, and of what hangs on them outside the heap. */
  readonly bytes: number
}

/** What it holds once connections have had time to close. */
async function measure(): Promise<Mark> {
  await new Promise((resolve) => setTimeout(resolve, 6000))
  const bytes = await proxy.objects()
  const held = await proxy.measure()
  return { ...held, bytes: bytes + held.external }
}

function line(requests: number, { bytes, rss, resources, descriptors }: Mark): string {
  const mb = (size: number): string => `${(size / 1e6).toFixed(3)} MB`
  return `after ${requests} requests: objects ${mb(bytes)}, RSS ${mb(rss)}, ${descriptors} descriptors, ${JSON.stringify(resources)}`
}
