/** The Responses API: reasoning items go back as they came, ahead of what came of them. */
import { describe, expect, test } from "vitest"
import { chunks, json, type Script } from "../_backend.ts"
import { ask, answered, ASK, closeAll, SEEN, start, turns } from "./_line.ts"

closeAll()

const adaptive = { type: "adaptive" } as const
const backend = { api: "responses", profile: "openai" } as const

const reasoning = (n: number, ...words: string[]) => ({
  id: `rs_${n}`,
  type: "reasoning",
  summary: words.map((text) => ({ type: "summary_text", text })),
  encrypted_content: `gAAAA${n}`,
})
const call = (n: number) => ({ type: "function_call", call_id: `c${n}`, name: "look", arguments: `{"n":${n}}` })
const message = (text: string) => ({ type: "message", role: "assistant", content: [{ type: "output_text", text }] })

/** What comes of a backend: ids and states beside what goes back. */
const came = (item: object, index: number) => ({ id: `i${index}`, status: "completed", ...item })

function whole(...items: readonly object[]): Script {
  return json(200, { status: "completed", output: items.map(came) })
}

/** As OpenAI streams it: each item is announced, and told in full when it is done. */
function streamed(...items: readonly object[]): Script {
  const events = items.flatMap((item, output_index) => {
    const full = came(item, output_index)
    const { encrypted_content: _, arguments: __, content: ___, ...empty } = full as Record<string, unknown>
    const added = { ...empty, status: "in_progress", ...("summary" in empty && { summary: [] }), ...("name" in empty && { arguments: "" }) }
    const told = ((item as { summary?: { text: string }[] }).summary ?? []).map(({ text }, summary_index) => ({
      type: "response.reasoning_summary_text.delta",
      item_id: full.id,
      output_index,
      summary_index,
      delta: text,
    }))
    return [
      { type: "response.output_item.added", output_index, item: added },
      ...told,
      { type: "response.output_item.done", output_index, item: full },
    ]
  })
  return chunks([...events, { type: "response.completed", response: { status: "completed", output: items.map(came) } }], { done: false })
}

describe.each([
  ["streamed and shown", streamed, { thinking: adaptive, stream: true }],
  ["whole and shown", whole, { thinking: adaptive }],
  ["streamed and hidden", streamed, { stream: true }],
  ["whole and hidden", whole, {}],
] as const)("%s", (_, script, wish) => {
  test.each([
    ["with a summary", [reasoning(1, "**Looking** around"), call(1)]],
    ["with a summary in parts", [reasoning(1, "**Looking** around", "**Finding** something"), call(1)]],
    ["with nothing to show", [reasoning(1), call(1)]],
    ["each ahead of its call", [reasoning(1), call(1), reasoning(2, "**Looking** again"), call(2)]],
    ["ahead of text and a call", [reasoning(1), message("I look."), call(1)]],
    ["around text", [reasoning(1), message("I look."), reasoning(2), call(1)]],
    ["two in a row", [reasoning(1), reasoning(2), call(1)]],
    ["ahead of the second of two calls alone", [call(1), reasoning(2), call(2)]],
  ])("reasoning %s", async (_what, items) => {
    expect(await turns(await start({ backend }), script(...items), wish)).toEqual(items)
  })
})

test.each([adaptive, undefined])("a call whose end is not told is ahead of the reasoning that follows (thinking: %j)", async (thinking) => {
  const begun = (n: number) => ({ ...call(n), id: `fc_${n}`, arguments: "" })
  const events = [1, 2].flatMap((n) => [
    { type: "response.output_item.done", output_index: 2 * n, item: reasoning(n) },
    { type: "response.output_item.added", output_index: 2 * n + 1, item: begun(n) },
    { type: "response.function_call_arguments.delta", output_index: 2 * n + 1, item_id: `fc_${n}`, delta: call(n).arguments },
  ])
  const script = chunks([...events, { type: "response.completed", response: { status: "completed", output: [] } }], { done: false })
  expect(await turns(await start({ backend }), script, { stream: true, ...(thinking && { thinking }) })).toEqual([
    reasoning(1),
    call(1),
    reasoning(2),
    call(2),
  ])
})

test("an item without its encrypted content stays behind: it is kept nowhere", async () => {
  const { encrypted_content: _, ...bare } = reasoning(1, "**Looking** around")
  expect(await turns(await start({ backend }), streamed(bare, call(1)), { thinking: adaptive, stream: true })).toEqual([call(1)])
})

test("what came of it is gone from the history, so it stays behind, too", async () => {
  const conversation = await start({ backend })
  const asked = await ask(conversation, whole(message("I look."), reasoning(1), call(1)), [ASK], { thinking: adaptive })
  const content = asked.content.filter(({ type }) => type !== "tool_use")
  await ask(conversation, SEEN, answered({ ...asked, content }), { thinking: adaptive })
  expect(conversation.last()[1]).toEqual(message("I look."))
})

test("the same model over Chat Completions gets nothing of it", async () => {
  const first = await start({ backend })
  const asked = await ask(first, whole(reasoning(1, "**Looking** around"), call(1)), [ASK], { thinking: adaptive })
  const next = await start({ backend: { api: "chat", profile: "deepseek" }, like: first })
  await ask(next, SEEN, answered(asked), { thinking: adaptive })
  expect(next.last()[1]).toEqual({
    role: "assistant",
    content: null,
    reasoning_content: "",
    tool_calls: [{ id: "c1", type: "function", function: { name: "look", arguments: '{"n":1}' } }],
  })
})
