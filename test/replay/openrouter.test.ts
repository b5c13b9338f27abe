/** OpenRouter's `reasoning_details`: every entry comes back as it was, whatever pieces it came in. */
import { describe, expect, test } from "vitest"
import { ask, answered, ASK, call, closeAll, SEEN, start, streamed, turns, whole } from "./_line.ts"

closeAll()

const adaptive = { type: "adaptive" } as const
const backend = { profile: "openrouter" } as const
const calls = [call("c1")]

const text = { type: "reasoning.text", text: "I look around for it.", signature: "EqQBsig", id: "r1", format: "anthropic-claude-v1", index: 0 }
const summary = { type: "reasoning.summary", summary: "**Looking** around", id: "rs_1", format: "openai-responses-v1", index: 0 }
const encrypted = { type: "reasoning.encrypted", data: "gAAAAABo", id: "rs_1", format: "openai-responses-v1", index: 0 }
const given = (...reasoning_details: object[]) => [{ role: "assistant", content: null, reasoning_details, tool_calls: calls }]

const details = (...reasoning_details: object[]) => ({ content: "", reasoning_details })
const head = { tool_calls: [{ index: 0, ...call("c1") }] }

describe.each([
  ["shown", { thinking: adaptive, stream: true }],
  ["with display omitted", { thinking: { type: "adaptive", display: "omitted" }, stream: true }],
  ["hidden", { stream: true }],
] as const)("%s", (_, wish) => {
  test("text in pieces, its signature last", async () => {
    const { signature, ...piece } = text
    const script = streamed(
      { reasoning: "I look ", ...details({ ...piece, text: "I look " }) },
      { reasoning: "around for it.", ...details({ ...piece, id: null, text: "around for it." }) },
      details({ type: "reasoning.text", signature, index: 0 }),
      head,
    )
    expect(await turns(await start({ backend }), script, wish)).toEqual(given(text))
  })

  test("a summary, and what is encrypted under the same index", async () => {
    const script = streamed(details({ ...summary, summary: "**Looking**" }), details({ ...summary, summary: " around" }), details(encrypted), head)
    expect(await turns(await start({ backend }), script, wish)).toEqual(given(summary, encrypted))
  })

  test("something encrypted and nothing else", async () => {
    expect(await turns(await start({ backend }), streamed(details(encrypted), head), wish)).toEqual(given(encrypted))
  })

  test("what is encrypted comes with the call, behind text", async () => {
    const script = streamed(details(text), { content: "I look." }, { ...head, reasoning_details: [encrypted] })
    expect(await turns(await start({ backend }), script, wish)).toEqual([{ ...given(text, encrypted)[0], content: "I look." }])
  })

  test("a whole answer's entries stay apart, be their indices the same", async () => {
    const other = { ...text, text: "And I look once more." }
    const script = whole({ content: null, reasoning: "…", reasoning_details: [text, other, encrypted], tool_calls: calls })
    expect(await turns(await start({ backend }), script, { ...wish, stream: false })).toEqual(given(text, other, encrypted))
  })
})

test("a block without words carries what has none, ahead of its call", async () => {
  const conversation = await start({ backend })
  const message = await ask(conversation, streamed({ content: "I look." }, { ...head, ...details(encrypted) }), [ASK], { thinking: adaptive, stream: true })
  expect(message.content).toEqual([
    { type: "text", text: "I look.", citations: null },
    { type: "thinking", thinking: "", signature: expect.stringMatching(/^llm-proxy\.1\./) },
    { type: "tool_use", id: "c1", name: "look", input: {}, caller: { type: "direct" } },
  ])
})

test("what comes behind everything it could belong to is dropped, and that is said", async () => {
  const conversation = await start({ backend })
  const message = await ask(conversation, streamed({ content: "Done." }, details(encrypted)), [ASK], { thinking: adaptive, stream: true })
  expect(message.content).toEqual([{ type: "text", text: "Done.", citations: null }])
  expect(conversation.lines.filter((line) => line.includes("cannot be given back"))).toHaveLength(1)
})

test("thinking that is switched off shows nothing, not even a block without words", async () => {
  const conversation = await start({ backend })
  const message = await ask(conversation, streamed(details(text), details(encrypted), head), [ASK], { thinking: { type: "disabled" }, stream: true })
  expect(message.content.map(({ type }) => type)).toEqual(["tool_use"])
  await ask(conversation, SEEN, answered(message), { thinking: { type: "disabled" } })
  expect(conversation.last()[1]).toEqual(given(text, encrypted)[0])
})
