/** Short ways to a reply made of Responses events. */
import type { MessageRequest } from "../../../src/anthropic/types.ts"
import { GENERAL, withFlags } from "../../../src/backends/profile.ts"
import type { ItemOf } from "../../../src/wires/failure.ts"
import type { ResponsesEvent, ResponsesItem } from "../../../src/wires/responses/types.ts"
import { createReply } from "../../_fixtures.ts"
import type { Replied, Setting } from "../chat/_reply.ts"

const REQUEST: MessageRequest = { model: "claude-x", max_tokens: 100, messages: [{ role: "user", content: "hi" }] }

/** The reply to a minimal request, from a backend called "b", when these events arrive one by one and then no more. */
export function replyTo(items: readonly ItemOf<ResponsesEvent>[], { request, flags = {} }: Setting = {}): Replied {
  const notes: string[] = []
  const reply = createReply({ ...REQUEST, stream: true, ...request }, "responses", {
    backend: { name: "b", profile: withFlags(GENERAL, flags) },
    note: (text) => notes.push(text),
  })
  const lists = [...items.map((item) => reply.take([item]) ?? []), reply.end() ?? []]
  return { events: lists.flat(), lists, notes }
}

/** A piece of a message's text, or of the text of the kind given. */
export function delta(text: string, output_index = 0, kind = "output_text"): ResponsesEvent {
  return { type: `response.${kind}.delta`, output_index, item_id: `i${output_index}`, delta: text }
}

/** A call is announced. */
export function begin(output_index: number, name = "f", call_id = `call_${output_index}`): ResponsesEvent {
  const item = { type: "function_call", id: `i${output_index}`, call_id, name, arguments: "" }
  return { type: "response.output_item.added", output_index, item }
}

export function args(text: string, output_index: number): ResponsesEvent {
  return delta(text, output_index, "function_call_arguments")
}

export function argsDone(text: unknown, output_index: number): ResponsesEvent {
  return { type: "response.function_call_arguments.done", output_index, item_id: `i${output_index}`, arguments: text }
}

export function itemDone(item: ResponsesItem, output_index: number): ResponsesEvent {
  return { type: "response.output_item.done", output_index, item }
}

/** The end of a response, with this output. */
export function completed(output: readonly ResponsesItem[] = []): ResponsesEvent {
  return { type: "response.completed", response: { status: "completed", output } }
}

export function incomplete(reason?: string): ResponsesEvent {
  const incomplete_details = reason ? { reason } : null
  return { type: "response.incomplete", response: { status: "incomplete", incomplete_details } }
}
