/** Words that a backend wants back in a field: from the answer, through a client's history, into the next request. */
import { describe, expect, test } from "vitest"
import { ask, answered, ASK, call, closeAll, KEY, SEEN, start, streamed, turns, whole, type Conversation } from "./_line.ts"

closeAll()

const WORDS = "Où? \u{1F4A1} I look, then I say what I have seen."
const adaptive = { type: "adaptive" } as const
const deepseek = { profile: "deepseek" } as const

const stream = streamed({ reasoning_content: WORDS.slice(0, 9) }, { reasoning_content: WORDS.slice(9) }, { content: "So." }, { tool_calls: [{ index: 0, ...call("c1", '{"a":1}') }] })
const answer = whole({ reasoning_content: WORDS, content: "So.", tool_calls: [call("c1", '{"a":1}')] })

const given = { role: "assistant", content: "So.", reasoning_content: WORDS, tool_calls: [call("c1", '{"a":1}')] }
const lost = { ...given, reasoning_content: "" }

describe.each([
  ["a stream", stream, true],
  ["a whole answer", answer, false],
] as const)("%s", (_, script, streams) => {
  test("the thinking comes back word for word", async () => {
    const conversation = await start({ backend: deepseek })
    expect(await turns(conversation, script, { thinking: adaptive, stream: streams })).toEqual([given])
  })

  test("thinking without words for the client comes back all the same", async () => {
    const conversation = await start({ backend: deepseek })
    const message = await ask(conversation, script, [ASK], { thinking: { type: "adaptive", display: "omitted" }, stream: streams })
    expect(message.content[0]).toEqual({ type: "thinking", thinking: "", signature: expect.stringMatching(/^llm-proxy\.1\.[\w-]+$/) })
    await ask(conversation, SEEN, answered(message))
    expect(conversation.last()[1]).toEqual(given)
  })

  test.each([undefined, { type: "disabled" }] as const)("what a client never saw comes back with its call (thinking: %j)", async (thinking) => {
    const conversation = await start({ backend: deepseek })
    const wish = { stream: streams, ...(thinking && { thinking }) }
    const message = await ask(conversation, script, [ASK], wish)
    expect(message.content.map(({ type }) => type)).toEqual(["text", "tool_use"])
    await ask(conversation, SEEN, answered(message), wish)
    expect(conversation.last()[1]).toEqual(given)
  })
})

test("the words are not told twice: the signature grows with what is not shown alone", async () => {
  const conversation = await start({ backend: deepseek })
  const long = "I think about it. ".repeat(1000)
  const message = await ask(conversation, whole({ reasoning_content: long, tool_calls: [call("c1")] }), [ASK], { thinking: adaptive })
  const [block] = message.content
  expect(block?.type === "thinking" && block.signature.length).toBeLessThan(200)
  await ask(conversation, SEEN, answered(message))
  expect(conversation.last()[1]).toHaveProperty("reasoning_content", long)
})

describe("gone without a trace", () => {
  async function second(change: (text: string) => string, field: "thinking" | "signature"): Promise<Conversation> {
    const conversation = await start({ backend: deepseek })
    const message = await ask(conversation, answer, [ASK], { thinking: adaptive })
    for (const block of message.content) if (block.type === "thinking") block[field] = change(block[field])
    await ask(conversation, SEEN, answered(message), { thinking: adaptive })
    return conversation
  }

  test.each<[string, (text: string) => string, "thinking" | "signature"]>([
    ["words that were edited", (text) => text.replace("look", "Look"), "thinking"],
    ["a signature that was edited", (text) => text.slice(0, -1) + (text.endsWith("A") ? "B" : "A"), "signature"],
    ["half a signature", (text) => text.slice(0, text.length / 2), "signature"],
    ["Anthropic's signature", () => "EqQBCgIYAhIMuS0nVfbDQ0hA", "signature"],
    ["the signature of thinking that nobody wanted back", () => "llm-proxy", "signature"],
    ["a signature of a version to come", (text) => text.replace(".1.", ".2."), "signature"],
    ["no signature", () => "", "signature"],
  ])("%s", async (_, change, field) => {
    const conversation = await second(change, field)
    expect(conversation.last()[1]).toEqual(lost)
    expect(conversation.lines).toEqual([])
  })

  test.each(["two", "other"])("thinking for the model %s", async (model) => {
    const conversation = await start({ backend: deepseek })
    expect(await turns(conversation, answer, { thinking: adaptive }, { thinking: adaptive, model })).toEqual([lost])
  })

  test("thinking of Claude's that it has redacted", async () => {
    const conversation = await start({ backend: deepseek })
    const message = await ask(conversation, answer, [ASK])
    const history = answered({ ...message, content: [{ type: "redacted_thinking", data: "EmwKAhgB" }, ...message.content] })
    await ask(conversation, SEEN, history, { model: "two" })
    expect(conversation.last()[1]).toEqual(lost)
  })
})

describe("the key", () => {
  const keys = [{ name: "a", key: "key-a" }, { name: "b", key: KEY }]

  async function restarted(before: Parameters<typeof start>[0], after: Parameters<typeof start>[0]): Promise<unknown> {
    const first = await start({ backend: deepseek, ...before })
    const message = await ask(first, answer, [ASK], { thinking: adaptive })
    const next = await start({ backend: deepseek, ...after, like: first })
    await ask(next, SEEN, answered(message), { thinking: adaptive })
    return next.last()[1]
  }

  test("comes of the clients' keys, in any order: a restart changes nothing", async () => {
    expect(await restarted({ keys }, { keys: keys.toReversed() })).toEqual(given)
  })

  test("is another with other keys", async () => {
    expect(await restarted({ keys }, { keys: [{ name: "b", key: KEY }] })).toEqual(lost)
  })

  test("comes of the secret where there is one, whatever the keys", async () => {
    const server = { secret: "a secret that is long enough" }
    expect(await restarted({ keys, server }, { server })).toEqual(given)
    expect(await restarted({ server }, { server: { secret: "another secret of this length" } })).toEqual(lost)
  })
})

test("each of several blocks of thinking goes back, in order", async () => {
  const conversation = await start({ backend: deepseek })
  const script = streamed({ reasoning_content: "One. " }, { content: "So." }, { reasoning_content: "Two." }, { tool_calls: [{ index: 0, ...call("c1") }] })
  const message = await ask(conversation, script, [ASK], { thinking: adaptive, stream: true })
  expect(message.content.map((block) => block.type)).toEqual(["thinking", "text", "thinking", "tool_use"])
  await ask(conversation, SEEN, answered(message))
  expect(conversation.last()[1]).toHaveProperty("reasoning_content", "One. Two.")
})
