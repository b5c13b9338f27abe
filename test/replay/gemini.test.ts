/** Gemini's thought signatures: each goes back on the call it came with. */
import { describe, expect, test } from "vitest"
import { ask, ASK, call, closeAll, start, streamed, turns, whole } from "./_line.ts"

closeAll()

const adaptive = { type: "adaptive" } as const
const backend = { profile: "gemini" } as const
const signed = { extra_content: { google: { thought_signature: "CtUBAdHtim+/=" } } }
const stand = { extra_content: { google: { thought_signature: "skip_thought_signature_validator" } } }
const given = (...tool_calls: object[]) => [{ role: "assistant", content: null, tool_calls }]

describe.each([
  ["shown", { thinking: adaptive }],
  ["hidden", {}],
] as const)("%s", (_, wish) => {
  test("the first of parallel calls has the signature, and gets it back", async () => {
    const script = streamed({ tool_calls: [{ ...call("c1", '{"n":1}'), ...signed }] }, { tool_calls: [call("c2", '{"n":2}')] })
    expect(await turns(await start({ backend }), script, { ...wish, stream: true })).toEqual(
      given(call("c1", '{"n":1}', signed), call("c2", '{"n":2}')),
    )
  })

  test("a whole answer", async () => {
    const script = whole({ content: null, tool_calls: [call("c1", "{}", signed)] })
    expect(await turns(await start({ backend }), script, wish)).toEqual(given(call("c1", "{}", signed)))
  })

  test("a signature on the second call stays there, and the first gets the stand-in", async () => {
    const script = whole({ content: null, tool_calls: [call("c1", '{"n":1}'), call("c2", '{"n":2}', signed)] })
    expect(await turns(await start({ backend }), script, wish)).toEqual(
      given(call("c1", '{"n":1}', stand), call("c2", '{"n":2}', signed)),
    )
  })

  test("words of thinking stay with the client: this backend wants none back", async () => {
    const script = whole({ content: null, reasoning_content: "Hm.", tool_calls: [call("c1", "{}", signed)] })
    expect(await turns(await start({ backend }), script, wish)).toEqual(given(call("c1", "{}", signed)))
  })

  test("no signature: the documented stand-in", async () => {
    expect(await turns(await start({ backend }), whole({ content: null, tool_calls: [call("c1")] }), wish)).toEqual(given(call("c1", "{}", stand)))
  })
})

test("a signature rides in a block without words, ahead of its call", async () => {
  const conversation = await start({ backend })
  const message = await ask(conversation, whole({ content: "I look.", tool_calls: [call("c1", "{}", signed)] }), [ASK], { thinking: adaptive })
  expect(message.content.map((block) => [block.type, block.type === "thinking" ? block.thinking : ""])).toEqual([
    ["text", ""],
    ["thinking", ""],
    ["tool_use", ""],
  ])
})

test("a backend that has no such flag gets no such field, and its client no such block", async () => {
  const conversation = await start({ backend: { profile: "general" } })
  const script = whole({ content: null, tool_calls: [call("c1", "{}", signed)] })
  expect(await turns(conversation, script, { thinking: adaptive })).toEqual(given(call("c1")))
})
