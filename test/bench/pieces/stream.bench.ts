/* oxlint-disable vitest/expect-expect -- what is measured here is read, not held to */
import { test } from "vitest"
import type { MessageEvent } from "../../../src/anthropic/events.ts"
import { Encode } from "../../../src/stream/encode.ts"
import { Flow, Step } from "../../../src/stream/flow.ts"
import { Decode } from "../../../src/stream/sse.ts"
import { tap } from "../../../src/stream/tap.ts"
import { chatDialect } from "../../../src/wires/chat/decode.ts"
import { ChatReply } from "../../../src/wires/chat/reply.ts"
import { drain, ENCODE, EVENTS, later, REPLY, toDeltas, toWrites } from "./_stream.ts"

/** A reply on its way: 1,000 events, so that a time in ms is µs for each. */

test("a chat reply from bytes to bytes", async ({ bench }) => {
  const run = (batch: number) => {
    const writes = toWrites(batch)
    return () => {
      const chunks = new Flow(later(writes)).pipeThrough(new Decode(chatDialect("bench")))
      return drain(chunks.pipeThrough(new ChatReply(REPLY)).pipeThrough(new Encode(ENCODE)).detach())
    }
  }
  await bench.compare(bench("1 event a write", run(1)), bench("16 events a write", run(16)))
})

test("its steps, 16 events a list", async ({ bench }) => {
  const writes = toWrites(16)
  const decode = () => {
    const step = new Decode(chatDialect("bench"))
    return writes.map((bytes) => step.take(bytes) ?? [])
  }
  const lists = decode() as Parameters<ChatReply["take"]>[0][] // this dialect's
  const reply = () => {
    const step = new ChatReply(REPLY)
    return lists.map((list) => step.take(list) ?? [])
  }
  const events = reply()
  const encode = () => {
    const step = new Encode(ENCODE)
    for (const list of events) step.take(list)
  }
  await bench.compare(bench("decode", () => void decode()), bench("reply", () => void reply()), bench("encode", encode))
})

test("the common deltas by template, and as JSON", async ({ bench }) => {
  const events = toDeltas(EVENTS)
  const encoder = new TextEncoder()
  const template = () => void new Encode(ENCODE).take(events)
  const json = () => {
    let text = ""
    for (const event of events) text += `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`
    encoder.encode(text)
  }
  await bench.compare(bench("template", template), bench("JSON.stringify", json))
})

class Pass extends Step<readonly MessageEvent[], readonly MessageEvent[]> {
  take(events: readonly MessageEvent[]): readonly MessageEvent[] {
    return events
  }

  end(): undefined {}
}

test("steps in one source, and each a stream", async ({ bench }) => {
  const lists: readonly (readonly MessageEvent[])[] = toDeltas(EVENTS).map((event) => [event])
  const start = () => new Flow(later(lists))
  const fused = (count: number) => () => {
    let flow = start()
    for (let n = 0; n < count; n++) flow = flow.pipeThrough(new Pass())
    return drain(flow.detach())
  }
  const streams = (count: number) => async () => {
    let stream: ReadableStream<readonly MessageEvent[]> = start().readable
    for (let n = 0; n < count; n++) stream = stream.pipeThrough(new TransformStream())
    for await (const _ of stream) {
      // Everything is taken, and nothing kept.
    }
  }
  await bench.compare(
    bench("1 step", fused(1)),
    bench("6 steps", fused(6)),
    bench("1 TransformStream", streams(1)),
    bench("6 TransformStreams", streams(6)),
  )
})

test("what a plugin that counts adds to each event", async ({ bench }) => {
  const lists = toDeltas(EVENTS).map((event) => [event])
  let seen = 0
  const look = () => void seen++
  await bench.compare(
    bench("none", () => drain(new Flow(later(lists)).pipeThrough(new Pass()).detach())),
    bench("a tap", () => drain(new Flow(later(lists)).pipeThrough(new Pass()).pipeThrough(tap(look)).detach())),
  )
})

test("eight flows, and eight of the platform's streams", async ({ bench }) => {
  const eight = (make: () => object) => () => void Array.from({ length: 8 }, make)
  const stream = () => new ReadableStream({ pull: () => {}, cancel: () => {} }, { highWaterMark: 0 })
  await bench.compare(bench("flows", eight(() => new Flow(later([])))), bench("streams", eight(stream)))
})

test("a short reply read from its source, and by for await", async ({ bench }) => {
  const lists = [toDeltas(4)]
  const iterated = async () => {
    for await (const _ of new Flow(later(lists)).pipeThrough(new Pass())) {
      // Everything is taken, and nothing kept.
    }
  }
  await bench.compare(
    bench("source", () => drain(new Flow(later(lists)).pipeThrough(new Pass()).detach())),
    bench("for await", iterated),
  )
})

test("one timer a stream, and one set and cleared for each event", async ({ bench }) => {
  const looked = () => {
    const timer = setTimeout(() => {}, 60_000)
    let since = 0
    for (let n = 0; n < EVENTS; n++) since = performance.now()
    clearTimeout(timer)
    return since
  }
  const reset = () => {
    let timer = setTimeout(() => {}, 60_000)
    for (let n = 0; n < EVENTS; n++) {
      clearTimeout(timer)
      timer = setTimeout(() => {}, 60_000)
    }
    clearTimeout(timer)
  }
  await bench.compare(bench("one timer", () => void looked()), bench("a timer each", reset))
})
