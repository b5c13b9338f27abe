/** Replies of many kinds, for stages to be tried on: as Anthropic's events, and as a backend's chunks. */
import type { AssistantMessage, MessageEvent, ReplyBlock } from "../anthropic/events.ts"
import { unfold } from "../anthropic/fold.ts"
import type { MessageRequest } from "../anthropic/types.ts"
import { ProxyError } from "../error.ts"
import { DONE, Failure, type WireChunk } from "../wires/failure.ts"

export interface Sample<Item> {
  readonly name: string
  /** As they arrive: what came together is one list. */
  readonly lists: readonly (readonly Item[])[]
}

export const REQUEST: MessageRequest = {
  model: "model",
  max_tokens: 1000,
  stream: true,
  system: [{ type: "text", text: "You are terse." }],
  messages: [
    { role: "user", content: "What is the weather in Paris?" },
    {
      role: "assistant",
      content: [
        { type: "text", text: "Let me look." },
        { type: "tool_use", id: "toolu_1", name: "get_weather", input: { city: "Paris" } },
      ],
    },
    { role: "user", content: [{ type: "tool_result", tool_use_id: "toolu_1", content: "18 °C, clear" }] },
  ],
  tools: [{ name: "get_weather", input_schema: { type: "object", properties: { city: { type: "string" } } } }],
  metadata: { user_id: "someone" },
}

const TEXT: ReplyBlock = { type: "text", text: "It is 18 °C in Paris, and clear: “beau temps” 🌤.", citations: null }
const THINKING: ReplyBlock = { type: "thinking", thinking: "The user wants the weather.", signature: "c2lnbmVk" }
const call = (n: number): ReplyBlock => {
  return { type: "tool_use", id: `toolu_${n + 1}`, name: "get_weather", input: { city: `City ${n}` }, caller: { type: "direct" } }
}

const FAILURE: MessageEvent = { type: "error", error: { type: "api_error", message: "the backend broke off" } }

/** What nobody here knows, and a stage must pass on. */
export const UNKNOWN = { type: "future_event", future: true } as unknown as MessageEvent

export const EVENTS: readonly Sample<MessageEvent>[] = [
  { name: "a text", lists: apart(answer([TEXT])) },
  { name: "a text that arrives at once", lists: [answer([TEXT])] },
  { name: "thinking, text and two calls", lists: apart(answer([THINKING, TEXT, call(1), call(2)], "tool_use")) },
  { name: "nothing", lists: apart(answer([])) },
  { name: "an answer cut off by max_tokens", lists: apart(answer([TEXT], "max_tokens")) },
  { name: "a failure in the middle", lists: [...apart(answer([TEXT])).slice(0, 4), [FAILURE]] },
  { name: "an event from the future", lists: apart(answer([TEXT])).toSpliced(1, 0, [UNKNOWN]) },
]

export const CHUNKS: readonly Sample<WireChunk>[] = [
  {
    name: "a text",
    lists: [
      [{ choices: [{ index: 0, delta: { role: "assistant", content: "It is " } }] }],
      [{ choices: [{ index: 0, delta: { content: "18 °C." } }] }],
      [{ choices: [{ index: 0, delta: {}, finish_reason: "stop" }], usage: { prompt_tokens: 9, completion_tokens: 5 } }, DONE],
    ],
  },
  {
    name: "a failure in the middle",
    lists: [
      [{ choices: [{ index: 0, delta: { content: "It is " } }] }],
      [new Failure(new ProxyError(502, "the backend broke off"))],
    ],
  },
]

/** Texts come in two deltas, as they do from a model. */
function answer(content: readonly ReplyBlock[], stop_reason: AssistantMessage["stop_reason"] = "end_turn"): readonly MessageEvent[] {
  const usage = {
    input_tokens: 40,
    output_tokens: 20,
    cache_creation_input_tokens: 0,
    cache_read_input_tokens: 0,
    cache_creation: null,
    output_tokens_details: null,
    server_tool_use: null,
    service_tier: null,
    inference_geo: null,
    speed: null,
  }
  const message: AssistantMessage = {
    id: "msg_sample",
    type: "message",
    role: "assistant",
    model: "model",
    content,
    stop_reason,
    stop_sequence: null,
    stop_details: null,
    container: null,
    diagnostics: null,
    usage,
  }
  return unfold(message).flatMap((event): readonly MessageEvent[] => {
    if (event.type !== "content_block_delta" || event.delta.type !== "text_delta") return [event]
    const { text } = event.delta
    const half = Math.ceil(text.length / 2)
    return [text.slice(0, half), text.slice(half)].map((part) => ({ ...event, delta: { type: "text_delta", text: part } }))
  })
}

function apart(events: readonly MessageEvent[]): readonly (readonly MessageEvent[])[] {
  return events.map((event) => [event])
}
