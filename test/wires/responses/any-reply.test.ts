/** Laws of a reply that hold whatever events come, in whatever order. */
import * as fc from "fast-check"
import { expect, test } from "vitest"
import { fold } from "../../../src/anthropic/fold.ts"
import { DONE, type ItemOf } from "../../../src/wires/failure.ts"
import type { ResponsesEvent } from "../../../src/wires/responses/types.ts"
import { checkGrammar } from "../../../src/testing/grammar.ts"
import { failure } from "../chat/_reply.ts"
import { replyTo } from "./_reply.ts"

/** Failures print it; set SEED to run another one. */
const SEED = Number(process.env["SEED"] ?? 20261122)

const words = fc.constantFrom("", "a", "END", '{"a":1}', '{"a"', ":1}", "{}", null, undefined)
const id = fc.constantFrom("x", "y", "", null, undefined)
const index = fc.constantFrom(0, 1, null, undefined)
const parts = fc.option(
  fc.array(fc.record({ type: fc.constantFrom("output_text", "refusal"), text: words, refusal: words }), { maxLength: 3 }),
)
const item = fc.option(
  fc.record({
    type: fc.constantFrom("message", "reasoning", "function_call", "web_search_call"),
    id,
    call_id: id,
    name: fc.constantFrom("f", "g", "", undefined),
    arguments: words,
    content: parts,
    summary: parts,
    status: fc.constantFrom("completed", "incomplete", undefined),
  }),
)
const event = fc.record({
  type: fc.constantFrom(
    "response.created",
    "response.output_item.added",
    "response.output_item.done",
    ...["output_text", "refusal", "reasoning_text", "reasoning_summary_text", "function_call_arguments"].flatMap((name) => [
      `response.${name}.delta`,
      `response.${name}.done`,
    ]),
    "response.shiny",
  ),
  output_index: index,
  item_id: id,
  content_index: index,
  summary_index: index,
  delta: words,
  text: words,
  arguments: words,
  item,
})
const end: fc.Arbitrary<ItemOf<ResponsesEvent>> = fc.oneof(
  fc.constantFrom<ItemOf<ResponsesEvent>>(DONE, failure(502, "oops")),
  fc.record({
    type: fc.constantFrom("response.completed", "response.incomplete"),
    response: fc.option(fc.record({ output: fc.option(fc.array(item.filter((it) => it !== null), { maxLength: 3 })) })),
  }),
)
const events = fc
  .tuple(fc.array(event, { maxLength: 12 }), fc.array(end, { maxLength: 2 }))
  .map(([before, after]): readonly ItemOf<ResponsesEvent>[] => after.toSpliced(0, 0, ...before))

test(`the grammar holds whatever a backend sends (seed ${SEED})`, () => {
  fc.assert(
    fc.property(events, fc.boolean(), fc.boolean(), (sent, thinks, eager) => {
      const request = {
        stop_sequences: ["END"],
        ...(thinks && { thinking: { type: "adaptive" } as const }),
        tools: [{ name: "f", input_schema: {}, eager_input_streaming: eager }],
      }
      const { events: told } = replyTo(sent, { request })
      expect(checkGrammar(told)).toEqual([])
      const calls = fold(told)?.content.filter(({ type }) => type === "tool_use") ?? []
      expect(new Set(calls.map((call) => "id" in call && call.id)).size).toBe(calls.length)
    }),
    { seed: SEED, numRuns: 3000 },
  )
})
