/** The event list a client must get, from a short description of it. */
import { expect } from "vitest"
import { USAGE } from "./_line.ts"

/** A block: its kind, then its pieces; a call's id and name come ahead of them. */
export type Told =
  | readonly [kind: "text" | "thinking", ...pieces: readonly string[]]
  | readonly [kind: "call", id: unknown, name: string, ...json: readonly string[]]

export interface Ending {
  readonly stop: string
  /** Of `message_delta`; the counts of {@link USAGE} unless given. */
  readonly usage?: object
  readonly model?: string
}

/** The whole list of a message that ends as it should. */
export function told({ stop, usage, model = "chat" }: Ending, ...blocks: readonly Told[]): unknown[] {
  const delta = { stop_reason: stop, stop_sequence: null, stop_details: null, container: null }
  return [
    start(model),
    ...blocks.flatMap(toEvents),
    { type: "message_delta", delta, usage: { ...COUNTS, ...usage } },
    { type: "message_stop" },
  ]
}

/** The list of a message that breaks off inside its last block. */
export function toldUntil(
  error: { readonly type: string; readonly message: unknown },
  ...blocks: readonly Told[]
): unknown[] {
  const list = blocks.flatMap(toEvents)
  return [start("chat"), ...list.slice(0, -1), { type: "error", error, request_id: expect.stringMatching(/^req_/) }]
}

const COUNTS = {
  input_tokens: USAGE.prompt_tokens,
  output_tokens: USAGE.completion_tokens,
  cache_creation_input_tokens: 0,
  cache_read_input_tokens: 0,
  output_tokens_details: null,
  server_tool_use: null,
}

/** The input is a guess until the backend tells it, and never 0. */
function start(model: string): unknown {
  return {
    type: "message_start",
    message: {
      id: expect.stringMatching(/^msg_/),
      type: "message",
      role: "assistant",
      model,
      content: [],
      stop_reason: null,
      stop_sequence: null,
      stop_details: null,
      container: null,
      diagnostics: null,
      usage: {
        input_tokens: expect.toSatisfy((count: unknown) => Number.isInteger(count) && Number(count) > 0),
        output_tokens: 0,
        cache_creation_input_tokens: 0,
        cache_read_input_tokens: 0,
        cache_creation: null,
        output_tokens_details: null,
        server_tool_use: null,
        service_tier: null,
        inference_geo: null,
        speed: null,
      },
    },
  }
}

function toEvents(block: Told, index: number): unknown[] {
  const deltas = deltasOf(block).map((delta) => ({ type: "content_block_delta", index, delta }))
  return [
    { type: "content_block_start", index, content_block: emptyOf(block) },
    ...deltas,
    { type: "content_block_stop", index },
  ]
}

function emptyOf(block: Told): unknown {
  switch (block[0]) {
    case "text":
      return { type: "text", text: "", citations: null }
    case "thinking":
      return { type: "thinking", thinking: "", signature: "" }
    case "call":
      return { type: "tool_use", id: block[1], name: block[2], input: {}, caller: { type: "direct" } }
  }
}

function deltasOf(block: Told): unknown[] {
  switch (block[0]) {
    case "text":
      return block.slice(1).map((text) => ({ type: "text_delta", text }))
    case "thinking":
      return [
        ...block.slice(1).map((thinking) => ({ type: "thinking_delta", thinking })),
        // Not empty: some clients drop thinking without a signature from their history.
        { type: "signature_delta", signature: expect.stringMatching(/./) },
      ]
    case "call":
      return block.slice(3).map((partial_json) => ({ type: "input_json_delta", partial_json }))
  }
}
