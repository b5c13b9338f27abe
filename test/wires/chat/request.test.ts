import { expect, test } from "vitest"
import { extra, refusal, text, translate, user, type Fields } from "./_translate.ts"

test("a minimal request says no more than it must", () => {
  expect(translate({})).toStrictEqual({
    body: { model: "qwen", messages: [{ role: "user", content: "hi" }], max_tokens: 100 },
    notes: [],
  })
})

test("the answer's limit goes into the field the backend reads", () => {
  expect(translate({ max_tokens: 7 }, { max_tokens_field: "max_completion_tokens" }).body).toStrictEqual({
    model: "qwen",
    messages: [{ role: "user", content: "hi" }],
    max_completion_tokens: 7,
  })
})

test("an answer longer than the backend can give is asked for as long as it can, and that is noted", () => {
  const flags = { max_tokens_most: 8192, max_tokens_field: "max_completion_tokens" } as const
  const { body, notes } = translate({ max_tokens: 9000 }, flags)
  expect([body.max_completion_tokens, notes]).toEqual([8192, ["max_tokens was lowered to 8192, the most this backend takes"]])
  expect(translate({ max_tokens: 8192 }, flags).notes).toEqual([])
})

test("sampling is passed as it is, zero included", () => {
  expect(extra({ temperature: 0, top_p: 0.9 })).toStrictEqual({ temperature: 0, top_p: 0.9 })
  expect(extra({ temperature: null, top_p: null, top_k: null })).toStrictEqual({})
})

test("top_k goes where it is known, and is noted where it is not", () => {
  expect(extra({ top_k: 40 }, { top_k: true })).toStrictEqual({ top_k: 40 })
  const { body, notes } = translate({ top_k: 40 })
  expect(body).not.toHaveProperty("top_k")
  expect(notes).toEqual(["top_k was dropped: this backend does not take it"])
})

test("as many of six stop sequences are sent as the backend takes, without a note", () => {
  const stop_sequences = ["a", "b", "c", "d", "e", "f"]
  const { body, notes } = translate({ stop_sequences })
  expect(body.stop).toEqual(["a", "b", "c", "d"])
  expect(notes).toEqual([])
  expect(extra({ stop_sequences }, { stop_max: 0 })).toStrictEqual({})
  expect(extra({ stop_sequences: [] })).toStrictEqual({})
  expect(extra({ stop_sequences: null })).toStrictEqual({})
})

test("a stream asks for its usage where the backend can tell", () => {
  expect(extra({ stream: true })).toStrictEqual({ stream: true, stream_options: { include_usage: true } })
  expect(extra({ stream: true }, { stream_usage: false })).toStrictEqual({ stream: true })
  expect(extra({ stream: false })).toStrictEqual({})
})

test("a user id goes where the backend wants it", () => {
  const metadata = { user_id: "u".repeat(64) }
  expect(extra({ metadata })).toStrictEqual({ user: metadata.user_id })
  expect(extra({ metadata }, { user_field: "safety_identifier" })).toStrictEqual({
    safety_identifier: metadata.user_id,
  })
  expect(extra({ metadata }, { user_field: "none" })).toStrictEqual({})
  expect(extra({ metadata: { user_id: null } })).toStrictEqual({})
})

test("a user id of 200 characters is hashed, the same way every time", () => {
  const of = (user_id: string) => extra({ metadata: { user_id } }).user
  expect(of("u".repeat(200))).toMatch(/^user_[0-9a-z]{14}$/)
  expect(of("u".repeat(200))).toBe(of("u".repeat(200)))
  expect(of("u".repeat(200))).not.toBe(of("u".repeat(201)))
})

const open = { type: "object", properties: { a: { type: "string" } } }
const closed = { ...open, required: ["a"], additionalProperties: false }

test("an output format is strict where its schema can be, and not where it cannot", () => {
  const format = (schema: typeof open) => extra({ output_config: { format: { type: "json_schema", schema } } })
  expect(format(closed)).toStrictEqual({
    response_format: { type: "json_schema", json_schema: { name: "response", schema: closed, strict: true } },
  })
  expect(format(open)).toStrictEqual({
    response_format: { type: "json_schema", json_schema: { name: "response", schema: open, strict: false } },
  })
})

test("an output format stands beside tools, and may be spelled the old way", () => {
  const { body } = translate({
    output_format: { type: "json_schema", schema: closed },
    tools: [{ name: "f", input_schema: open }],
  })
  expect(body.response_format).toHaveProperty("json_schema.schema", closed)
  expect(body.tools).toHaveLength(1)
})

test("an output format at a backend that cannot be held to it is refused", () => {
  const fields: Fields = { output_config: { effort: "low", format: { type: "json_schema", schema: closed } } }
  expect(refusal(() => extra(fields, { json_schema: false, tool_choice: [] }))).toBe(
    "400 output_config.format: this backend cannot be held to a JSON schema",
  )
  expect(extra({ output_config: { format: null } }, { json_schema: false })).toStrictEqual({})
})

test("fields that change nothing about the answer are ignored in silence", () => {
  const { body, notes } = translate({
    service_tier: "auto",
    speed: "fast",
    inference_geo: "eu",
    container: null,
    diagnostics: null,
    cache_control: { type: "ephemeral" },
    context_management: { edits: [{ type: "clear_thinking_20251015", keep: "all" }] },
    safeguards: {},
    fallbacks: null,
  })
  expect(Object.keys(body)).toEqual(["model", "messages", "max_tokens"])
  expect(notes).toEqual([])
})

test("fallback models are noted", () => {
  expect(translate({ fallbacks: "default" }).notes).toEqual([
    "fallbacks were ignored: which model answers is the proxy's configuration",
  ])
})

test("unknown fields are ignored with a note each, which cannot forge a log line or drown the log", () => {
  expect(translate({ hologram: 1, "a\nb": 2 }).notes).toEqual([
    'field "hologram" is unknown and was ignored',
    'field "a\\u000ab" is unknown and was ignored',
  ])
  expect(translate({ ["x".repeat(300)]: 1 }).notes).toEqual([
    `field "${"x".repeat(200)}…" is unknown and was ignored`,
  ])
  const many = Object.fromEntries(Array.from({ length: 50 }, (_, n) => [`f${n}`, n]))
  const { notes } = translate(many)
  expect(notes).toHaveLength(21)
  expect(notes.at(-1)).toBe("30 more unknown fields were ignored")
})

test("translating changes nothing in the request", () => {
  const freeze = (value: unknown): void => {
    if (typeof value !== "object" || value === null) return
    Object.freeze(value)
    Object.values(value).forEach(freeze)
  }
  const fields: Fields = {
    system: [{ type: "text", text: "s" }],
    tools: [{ name: "f", input_schema: open, strict: true }],
    messages: [
      user(text("q"), { type: "image", source: { type: "base64", media_type: "image/png", data: "AA" } }),
      { role: "assistant", content: [{ type: "tool_use", id: "a", name: "f", input: { a: 1 } }] },
      { role: "system", content: "now" },
      { role: "user", content: [{ type: "tool_result", tool_use_id: "a", content: "r" }, text("t")] },
    ],
  }
  freeze(fields)
  expect(translate(fields, { mid_system: "user" })).toEqual(translate(structuredClone(fields), { mid_system: "user" }))
})
