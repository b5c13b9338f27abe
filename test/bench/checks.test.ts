import { describe, expect, test } from "vitest"
import { GENERAL } from "../../src/backends/profile.ts"
import type { MessageRequest } from "../../src/anthropic/types.ts"
import { toChatRequest } from "../../src/wires/chat/request.ts"
import { StreamReader, wholeFault } from "./answer.ts"
import { readArrived } from "./arrived.ts"
import { anthropic } from "./dialects.ts"
import { KEY, toPiece, type Order } from "./order.ts"
import { toBody } from "./request.ts"
import { ratiosOf, toRows, verdictOf, type Turns } from "./rows.ts"
import { createScenarios, type Scenario, type Turn } from "./scenarios.ts"

/** The benchmark's figures are worth as much as its checks: a server that does half the work must not look fast. */

const ORDER: Order = { shape: "burst", events: 3, every: 0, batch: 1, wait: 0 }
const SENT = JSON.parse(toBody({ kb: 20, tools: 3, turns: 2 }, ORDER).toString()) as MessageRequest

type Chat = { messages: { role: string; content: string }[]; tools: unknown[]; system?: unknown; stream?: boolean }

/** What the mock says of a translation with a fault in it. */
function arrivedWith(fault: (chat: Chat) => unknown, headers = {}): Order | string {
  const { body } = toChatRequest(SENT, { model: "gpt-bench", profile: GENERAL })
  const chat = structuredClone(body) as unknown as Chat
  fault(chat)
  return readArrived(JSON.stringify(chat), headers, true)
}

describe("the mock", () => {
  test("answers what a right translation orders", () => {
    expect(arrivedWith(() => {})).toEqual(ORDER)
  })

  test("takes Anthropic's request on Anthropic's path alone", () => {
    expect(readArrived(JSON.stringify(SENT), { "x-api-key": KEY }, false)).toEqual(ORDER)
    expect(readArrived(JSON.stringify(SENT), {}, true)).toBe("passed through: a system prompt in Anthropic's place")
  })

  test.each<[string, (chat: Chat) => unknown, string]>([
    ["a text that is missing", (chat) => chat.messages.splice(1, 1), "texts are missing or out of order"],
    [
      "texts out of order",
      (chat) => chat.messages.unshift(...chat.messages.splice(1, 1)),
      "texts are missing or out of order",
    ],
    ["a last message that is not the last", (chat) => chat.messages.pop(), "the last message is not the order"],
    ["a tool that is missing", (chat) => chat.tools.pop(), "3 tools were sent, 2 came"],
    ["tools in Anthropic's shape", (chat) => (chat.tools = [...(SENT.tools ?? [])]), "tools that are not functions"],
    ["an answer that is not to stream", (chat) => (chat.stream = false), "streaming is not what was asked for"],
    [
      "a call without its result",
      (chat) => {
        const at = chat.messages.findIndex(({ role }) => role === "tool")
        const [{ content } = { content: "" }] = chat.messages.splice(at, 1)
        const next = chat.messages[at]
        if (next) next.content = content + next.content
      },
      "a call without its result",
    ],
  ])("refuses %s", (_, fault, words) => {
    expect(arrivedWith(fault)).toBe(words)
  })

  test("refuses the client's key", () => {
    expect(arrivedWith(() => {}, { authorization: `Bearer ${KEY}` })).toBe("the client's key has come through")
  })
})

describe("the client", () => {
  const texts = [0, 1, 2].map((n) => anthropic.event(toPiece(n, 1000 + n)))
  const read = (...pieces: readonly string[]): StreamReader => {
    const reader = new StreamReader(3)
    for (const piece of pieces) reader.take(piece, 2000)
    reader.end()
    return reader
  }

  test("reads how long each text took, however the stream is cut", () => {
    const whole = anthropic.head + texts.join("") + anthropic.tail(3)
    const { fault, lags, first } = read(...(whole.match(/[^]{1,7}/g) ?? []))
    expect({ fault, lags, first }).toEqual({ fault: undefined, lags: [1000, 999, 998], first: 2000 })
  })

  test.each<[string, readonly string[], string]>([
    ["an event that is lost", [texts[0] ?? "", texts[2] ?? ""], "the text is wrong at event 1: of-2"],
    ["an event that comes twice", [texts[0] ?? "", ...texts], "the text is wrong at event 1: the-0"],
    ["an end before its time", texts.slice(0, 2), "1 of 3 events are missing"],
  ])("tells %s", (_, given, words) => {
    expect(read(anthropic.head, ...given, anthropic.tail(3)).fault).toBe(words)
  })

  test("tells a stream that breaks off, a wrong count and a failure", () => {
    expect(read(anthropic.head, ...texts).fault).toBe("ended at content_block_delta")
    expect(read(anthropic.head, ...texts, anthropic.tail(2)).fault).toBe("output_tokens is 2")
    expect(read('event: error\ndata: {"type":"error","error":{"message":"no"}}\n\n').fault).toBe("no")
  })

  test("tells a whole answer whose text is wrong", () => {
    expect(wholeFault(anthropic.whole)).toBeUndefined()
    expect(wholeFault(anthropic.whole.replace("naïve", "naive"))).toBe("the text of the whole answer is wrong")
  })
})

test("bodies are as large as the table says", () => {
  const sizes = createScenarios(1).flatMap(({ title, task }) => {
    const said = /^\d+(?= KB)/.exec(title)?.[0]
    return said === undefined ? [] : [task.body.byteLength / 1024 / Number(said)]
  })
  expect(sizes).toHaveLength(4)
  for (const size of sizes) expect(size).toBeCloseTo(1, 1)
})

describe("a ratio", () => {
  const [scenario] = createScenarios(1)
  const turn = (cpu: number, ...faults: string[]): Turn => {
    return { cpu: cpu * (scenario?.task.requests ?? 0), outcome: { seen: 1, lags: [], firsts: [], faults } }
  }
  const rowOf = (...rounds: readonly Turns[]) => toRows(scenario as Scenario, rounds)[0]

  test("is of two values of the same round, and the machine's pace is not in it", () => {
    const at = (pace: number): Turns => new Map([["floor", turn(10 * pace)], ["proxy", turn(15 * pace)]])
    const row = rowOf(at(1), at(4), at(2))
    expect(row && ratiosOf(row)).toEqual([1.5, 1.5, 1.5])
    expect(row && verdictOf(row)).toBe("met")
  })

  test("leaves out a turn with a wrong answer, and says nothing of less than three", () => {
    const right: Turns = new Map([["floor", turn(10)], ["proxy", turn(30)]])
    const wrong: Turns = new Map([["floor", turn(10)], ["proxy", turn(5, "wrong")]])
    const [few, enough] = [rowOf(right, wrong, right), rowOf(right, wrong, right, right)]
    expect(few && { ratios: ratiosOf(few), verdict: verdictOf(few) }).toEqual({ ratios: [3, 3], verdict: undefined })
    expect(enough && verdictOf(enough)).toBe("over")
  })
})
