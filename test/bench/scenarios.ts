/** What is measured: the loads, the figures read from each, and what the proxy's are held to. */
import type { Outcome, Task } from "./load.ts"
import type { Order } from "./order.ts"
import { TINY, toBody, type Size } from "./request.ts"
import type { ServerName } from "./servers.ts"
import { median } from "./stats.ts"

export interface Scenario {
  readonly name: string
  /** What it is, in the table. */
  readonly title: string
  readonly task: Task
  readonly metrics: readonly Metric[]
  /** Asks the mock itself too, in every round: what is on the way without a server between. */
  readonly direct?: boolean
  /** How often it is run before it counts. @default 1 */
  readonly warm?: number
  /** On fresh servers: streams that are held open, or the start itself. @default on servers that have been used */
  readonly fresh?: "held" | "start"
  /** Asks the proxy with plugins too, and tells what they add to the first metric. */
  readonly plugins?: boolean
}

/** One server's turn at a scenario. */
export interface Turn {
  readonly outcome: Outcome
  /** Microseconds of CPU, of a start until it listens; undefined where the system does not tell. */
  readonly cpu: number | undefined
  /** KB: of held streams what is above idle, of a start all. */
  readonly rss?: number | undefined
}

/** A turn, and what its figures are taken from beside it. */
export interface Cell extends Turn {
  readonly task: Task
  /**
   * Microseconds a text is on its way from the mock straight to the client: the median of all rounds, as what is left
   * of a latency without it is small and would take over the noise of a single round.
   */
  readonly direct: number
}

export interface Metric {
  readonly name: string
  readonly unit: "µs" | "ms" | "KB" | "MB" | "×" | ""
  /** NaN or undefined when there is none. */
  read(cell: Cell): number | undefined
  /** Of the rounds' values the largest instead of the median. */
  readonly worst?: boolean
  readonly goal?: Goal
}

/** The proxy's value, divided by another's in the same round. */
export interface Goal {
  /** `itself` for a value that is a ratio already, or has to be nothing at all. @default "floor" */
  readonly against?: ServerName | "itself"
  /** What it should be at most. */
  readonly target: number
  /** What it must not be above. */
  readonly line: number
}

const WHOLE: Order = { shape: "whole", events: 0, every: 0, batch: 1, wait: 0 }
/** A short answer: what is measured is the request. */
const SHORT: Order = { shape: "burst", events: 16, every: 0, batch: 16, wait: 0 }

/** @param scale Part of the full amount of work. */
export function createScenarios(scale: number): readonly Scenario[] {
  const times = (count: number): number => Math.max(4, Math.round(count * scale))
  const burst = (events: number, batch: number, requests: number): Task => {
    const order: Order = { shape: "burst", events, every: 0, batch, wait: 0 }
    return { order, body: toBody(TINY, order), requests: times(requests), together: 2, stagger: 0 }
  }
  const paced: Order = { shape: "paced", events: times(200), every: 10, batch: 1, wait: 0 }
  const held: Order = { shape: "paced", events: scale < 1 ? 4 : 6, every: 1000, batch: 1, wait: 0 }
  const asked = (name: string, title: string, size: Size, requests: number, goal?: Limits): Scenario => {
    const task = { order: SHORT, body: toBody(size, SHORT), requests: times(requests), together: 4, stagger: 0 }
    return { name, title, task, metrics: [perRequest(goal)] }
  }
  return [
    {
      name: "small",
      title: "1 KB, not streamed",
      task: { order: WHOLE, body: toBody(TINY, WHOLE), requests: times(1000), together: 8, stagger: 0 },
      metrics: [perRequest([1.6, 2.1])],
      warm: 16, // what the compiler makes of a server settles after some 16,000 requests
      plugins: true,
    },
    {
      ...asked("large", "250 KB, 40 tools, 120 messages", { kb: 250, tools: 40, turns: 60 }, 100, [1.25, 1.5]),
      plugins: true,
    },
    {
      name: "paced",
      title: "60 streams × 100 events/s",
      task: { order: paced, body: toBody(TINY, paced), requests: 60, together: 60, stagger: 7 },
      metrics: [
        perEvent([1.35, 1.7]),
        {
          name: "added latency, p50",
          unit: "µs",
          read: ({ outcome, direct }) => median(outcome.lags) - direct,
          goal: { target: 1.35, line: 1.7 },
        },
        {
          name: "time to first event, p50",
          unit: "µs",
          read: ({ outcome }) => median(outcome.firsts),
          goal: { target: 1.6, line: 1.9 },
        },
      ],
      direct: true,
      plugins: true,
    },
    {
      name: "burst-1",
      title: "burst, 1 event a write",
      task: burst(1000, 1, 20),
      metrics: [perEvent([1.1, 1.4])],
      warm: 2,
      plugins: true,
    },
    {
      name: "burst-16",
      title: "burst, 16 events a write",
      task: burst(1000, 16, 40),
      metrics: [perEvent([1.3, 1.6])],
      warm: 2,
      plugins: true,
    },
    {
      name: "held",
      title: "500 streams at 1 event/s",
      task: { order: held, body: toBody(TINY, held), requests: 500, together: 500, stagger: scale < 1 ? 2 : 3 },
      metrics: [
        {
          name: "RSS each, above idle",
          unit: "KB",
          read: ({ rss, task }) => rss && rss / task.requests,
          goal: { against: "raw", target: 1.4, line: 1.8 },
        },
        {
          name: "events lost",
          unit: "",
          read: ({ outcome, task }) => task.requests * task.order.events - outcome.seen,
          worst: true,
          goal: { against: "itself", target: 0, line: 0 },
        },
      ],
      fresh: "held",
    },
    {
      name: "start",
      title: "start, compiled",
      task: { order: WHOLE, body: toBody(TINY, WHOLE), requests: 1, together: 1, stagger: 0 },
      metrics: [
        {
          name: "CPU until it listens",
          unit: "ms",
          read: ({ cpu }) => cpu && cpu / 1000,
          goal: { against: "raw", target: 4.3, line: 5.4 }, // 300 ms where Node with a server of its own takes 70
        },
        {
          name: "RSS, idle",
          unit: "MB",
          read: ({ rss }) => rss && rss / 1024,
          goal: { against: "itself", target: 90, line: 100 },
        },
      ],
      fresh: "start",
    },
    asked("grow-100", "100 KB, 16 tools, 48 messages", { kb: 100, tools: 16, turns: 24 }, 200),
    asked("grow-400", "400 KB, 64 tools, 192 messages", { kb: 400, tools: 64, turns: 96 }, 60, [1.2, 1.5]),
    asked("tools", "120 tools", { kb: 150, tools: 120, turns: 2 }, 120, [1.3, 1.6]),
    asked("turns", "200 turns", { kb: 150, tools: 8, turns: 200 }, 120),
  ]
}

/** Target and line, against the floor. */
type Limits = readonly [target: number, line: number]

function perRequest(limits?: Limits): Metric {
  const read = ({ cpu, task }: Cell): number | undefined => cpu && cpu / task.requests
  return { name: "CPU per request", unit: "µs", read, ...(limits && { goal: toGoal(limits) }) }
}

function perEvent(limits: Limits): Metric {
  const read = ({ cpu, outcome }: Cell): number | undefined => cpu && cpu / outcome.seen
  return { name: "CPU per event", unit: "µs", read, goal: toGoal(limits) }
}

function toGoal([target, line]: Limits): Goal {
  return { target, line }
}
