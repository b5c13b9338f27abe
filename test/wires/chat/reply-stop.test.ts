/** Stop sequences in a reply, and the token counts of one. */
import { describe, expect, test } from "vitest"
import { checkGrammar } from "../../../src/testing/grammar.ts"
import { call, chunk, DONE, finish, outline, replyTo } from "./_reply.ts"

describe("stop sequences", () => {
  const request = { stop_sequences: ["STOP", "###"] }

  test("cut the text, over chunks, and let the backend go", () => {
    const { lists } = replyTo([chunk("One S"), chunk("TO"), chunk("P two"), chunk(" three"), DONE], { request })
    expect(
      lists.map((list) => list.map((event) => (event.type === "content_block_delta" ? event.delta : event.type))),
    ).toEqual([
      ["message_start", "content_block_start", { type: "text_delta", text: "One " }],
      [],
      ["content_block_stop", "message_delta", "message_stop"],
      [],
      [],
      [],
    ])
  })

  test("are told to the client", () => {
    expect(replyTo([chunk("One### two"), DONE], { request }).events.at(-2)).toMatchObject({
      delta: { stop_reason: "stop_sequence", stop_sequence: "###", stop_details: null },
    })
  })

  test("a beginning that leads nowhere is given out at the end", () => {
    expect(outline(replyTo([chunk("One STO"), finish(), DONE], { request }))).toEqual(["text One STO", "end_turn"])
  })

  test("a beginning that leads nowhere comes before the call that follows it", () => {
    expect(
      outline(replyTo([chunk("One STO"), call(0, "a", "f", "{}"), finish("tool_calls"), DONE], { request })),
    ).toEqual(["text One STO", "f {}", "tool_use"])
  })

  test("are not looked for across a call", () => {
    expect(outline(replyTo([chunk("ST"), call(0, "a", "f", "{}"), chunk("OP"), finish(), DONE], { request }))).toEqual(
      ["text ST", "f {}", "text OP", "tool_use"],
    )
  })

  test("cut a whole answer too, and what stands behind the text in it", () => {
    const tool_calls = [{ id: "a", function: { name: "f", arguments: "{}" } }]
    const reply = replyTo([chunk({ content: "One STOP two", refusal: "no", tool_calls }, "stop"), DONE], { request })
    expect(outline(reply)).toEqual(["text One ", "stop_sequence"])
    expect(checkGrammar(reply.events)).toEqual([])
  })

  test("one that the backend matched itself is told (vLLM `stop_reason`, SGLang `matched_stop`)", () => {
    const told = (fields: object) =>
      replyTo([chunk("One"), { choices: [{ delta: {}, finish_reason: "stop", ...fields }] }, DONE], {
        request,
      }).events.at(-2)
    const delta = { stop_reason: "stop_sequence", stop_sequence: "STOP" }
    expect(told({ stop_reason: "STOP" })).toMatchObject({ delta })
    expect(told({ matched_stop: "STOP" })).toMatchObject({ delta })
    // A token's number, or a stop string that the client knows nothing of.
    expect(told({ matched_stop: 151645 })).toMatchObject({ delta: { stop_reason: "end_turn", stop_sequence: null } })
    expect(told({ stop_reason: "<|im_end|>" })).toMatchObject({
      delta: { stop_reason: "end_turn", stop_sequence: null },
    })
  })
})

describe("tokens", () => {
  test("that no backend told are guessed and noted", () => {
    const { events, notes } = replyTo([chunk("12345678"), finish(), DONE])
    expect(events[0]).toMatchObject({
      message: { usage: { input_tokens: 5, output_tokens: 0, cache_read_input_tokens: 0 } },
    })
    expect(events.at(-2)).toMatchObject({ usage: { input_tokens: 5, output_tokens: 2 } })
    expect(notes).toEqual(["the backend told no token counts for claude-x; they are guessed"])
  })

  test("more cached than there are in the prompt leave no input below zero", () => {
    const usage = { prompt_tokens: 10, completion_tokens: 1, prompt_tokens_details: { cached_tokens: 12 } }
    expect(replyTo([chunk("x"), finish(), { usage }, DONE]).events.at(-2)).toMatchObject({
      usage: { input_tokens: 0, cache_read_input_tokens: 12 },
    })
  })

  test("that are null, texts or fractions never reach the client as such", () => {
    const usage = {
      prompt_tokens: null,
      completion_tokens: 2.4,
      prompt_tokens_details: { cached_tokens: "3" },
    } as never
    expect(replyTo([chunk("x"), finish(), { usage }, DONE]).events.at(-2)).toMatchObject({
      usage: { input_tokens: 5, output_tokens: 2, cache_read_input_tokens: 0 },
    })
  })
})
