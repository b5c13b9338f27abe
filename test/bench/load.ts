/** The load: sends requests, checks every answer to its last word, and notes when things came. */
import { setTimeout as sleep } from "node:timers/promises"
import { Pool } from "undici"
import { StreamReader, wholeFault } from "./answer.ts"
import { KEY, now, type Order } from "./order.ts"
import { TINY, toBody } from "./request.ts"

export interface Task {
  readonly order: Order
  readonly body: Buffer
  readonly requests: number
  /** How many are under way at once. */
  readonly together: number
  /** Milliseconds from one start to the next, for the first of each that are together. */
  readonly stagger: number
}

export interface Outcome {
  /** Text events, or requests where the answer is whole, that came as they should. */
  seen: number
  /** Microseconds each text was on its way from the mock to the client. */
  readonly lags: number[]
  /** Microseconds from the request to the first text. */
  readonly firsts: number[]
  readonly faults: string[]
}

const HEADERS = { "content-type": "application/json", "x-api-key": KEY, "anthropic-version": "2023-06-01" }

export function openPool(url: string, connections: number): Pool {
  return new Pool(url, { connections, headersTimeout: 20_000, bodyTimeout: 20_000, keepAliveMaxTimeout: 60_000 })
}

/**
 * Opens the connections a task needs, the server's to the mock as well: requests that wait until all are there. Which
 * server keeps idle ones for how long is no part of a measurement.
 */
export async function connect(pool: Pool, together: number): Promise<void> {
  const order: Order = { shape: "whole", events: 0, every: 0, batch: 1, wait: 10 + together }
  const body = toBody(TINY, order)
  await run(pool, { order, body, requests: together, together, stagger: 0 })
}

export async function run(pool: Pool, task: Task): Promise<Outcome> {
  const outcome: Outcome = { seen: 0, lags: [], firsts: [], faults: [] }
  let left = task.requests
  const worker = async (_: unknown, n: number): Promise<void> => {
    if (task.stagger > 0) await sleep(n * task.stagger)
    while (left-- > 0) {
      await ask(pool, task, outcome).catch((error: Error) => void outcome.faults.push(error.message))
    }
  }
  await Promise.all(Array.from({ length: task.together }, worker))
  return outcome
}

async function ask(pool: Pool, { order, body }: Task, outcome: Outcome): Promise<void> {
  const began = now()
  const answer = await pool.request({ path: "/v1/messages", method: "POST", headers: HEADERS, body })
  if (answer.statusCode !== 200) {
    throw new Error(`${answer.statusCode} ${(await answer.body.text()).slice(0, 200)}`)
  }
  if (order.shape === "whole") {
    const fault = wholeFault(await answer.body.text())
    if (fault) throw new Error(fault)
    outcome.seen++
    return
  }
  const reader = new StreamReader(order.events)
  answer.body.setEncoding("utf8")
  answer.body.on("data", (text: string) => reader.take(text, now()))
  await new Promise((resolve, reject) => {
    answer.body.on("end", resolve)
    answer.body.on("error", reject)
  }).finally(() => {
    outcome.seen += reader.seen
    for (const lag of reader.lags) outcome.lags.push(lag)
  })
  reader.end()
  if (reader.fault) throw new Error(reader.fault)
  if (reader.first !== undefined) outcome.firsts.push(reader.first - began)
}
