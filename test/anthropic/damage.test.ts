/** Whatever a client sends is either taken, and can then be counted, or refused by a 400: nothing in it makes a 500. */
import * as fc from "fast-check"
import { expect, it } from "vitest"
import { countTokens, guessTokens } from "../../src/anthropic/count.ts"
import { parseMessageRequest } from "../../src/anthropic/request.ts"
import { checkedMessage, faultOf, request, tool } from "./_request.ts"

const png = { type: "base64", media_type: "image/png", data: "iVBORw0KGgo=" }
const whole = JSON.stringify(
  request({
    max_tokens: 3000,
    system: [{ type: "text", text: "s" }],
    thinking: { type: "enabled", budget_tokens: 2000 },
    tools: [tool("f", { description: "d", input_examples: [{}] }), { type: "bash_20250124", name: "bash" }],
    tool_choice: { type: "tool", name: "f" },
    output_config: { effort: "low", format: { type: "json_schema", schema: { type: "object" } } },
    stop_sequences: ["END"],
    metadata: { user_id: "u" },
    messages: [
      { role: "user", content: "a" },
      { role: "system", content: "b", output_config: { effort: "low" } },
      {
        role: "assistant",
        content: [
          { type: "thinking", thinking: "c", signature: "d" },
          { type: "server_tool_use", id: "e", name: "web_search", input: {} },
          { type: "compaction", content: "g" },
          { type: "tool_use", id: "h", name: "f", input: { i: 1 } },
        ],
      },
      {
        role: "user",
        content: [
          {
            type: "tool_result",
            tool_use_id: "h",
            is_error: false,
            content: [
              { type: "image", source: png },
              { type: "document", source: { type: "content", content: [{ type: "text", text: "j" }] }, title: "k" },
              { type: "search_result", source: "l", title: "m", content: [{ type: "text", text: "n" }] },
              { type: "tool_reference", tool_name: "f" },
            ],
          },
          { type: "document", source: { type: "text", media_type: "text/plain", data: "o" } },
        ],
      },
    ],
  }),
)

/** What to put in a place: JSON of any kind, words that mean something, and keys of every object. */
const value = fc.oneof(
  fc.jsonValue(),
  fc.constantFrom(undefined, null, "", "__proto__", "constructor", [], {}, [null], "text", "image", "base64", 0, -1),
)

/** Puts a value in the n-th place, counted over all places there are. */
function damage(root: Record<string, unknown>, n: number, put: unknown): void {
  const places: { holder: Record<string, unknown>; key: string }[] = []
  const visit = (holder: Record<string, unknown>): void => {
    for (const [key, inner] of Object.entries(holder)) {
      places.push({ holder, key })
      if (typeof inner === "object" && inner !== null) visit(inner as Record<string, unknown>)
    }
  }
  visit(root)
  const place = places[n % places.length]
  if (place) place.holder[place.key] = put
}

it.each([
  ["for a backend it is translated for", checkedMessage],
  ["for a backend that is given it as it is", parseMessageRequest],
])("a request with one field damaged, %s", (_for, take) => {
  expect(faultOf(() => take(JSON.parse(whole)))).toBeUndefined()
  fc.assert(
    fc.property(fc.nat(500), value, (n, put) => {
      const body = JSON.parse(whole) as Record<string, unknown>
      damage(body, n, put)
      const fault = faultOf(() => {
        const parsed = take(body)
        expect(countTokens(parsed)).toBeGreaterThan(0)
        expect(guessTokens(parsed)).toBeGreaterThan(0)
      })
      expect(fault).not.toBe("")
    }),
    { numRuns: 5000 },
  )
})

it("JSON of any kind", () => {
  fc.assert(
    fc.property(fc.jsonValue(), (body) => {
      expect(faultOf(() => checkedMessage(body))).toBeTypeOf("string")
    }),
  )
})
