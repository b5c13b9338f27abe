/**
 * Events with what they lack filled in. Servers that copy the Messages API leave out what their own clients do not
 * read; the official SDKs throw without it, or make `undefined` a part of the text. What is sound comes back as the
 * very same object.
 */
import type { BlockDelta, MessageDeltaEvent, MessageStartEvent, ReplyBlock } from "../../anthropic/events.ts"
import { isObject, type JsonObject } from "../is-object.ts"

/** What a message says of itself that nobody has told anything of. */
export interface Blank {
  readonly model: string
  /** Makes an id: `newId("msg_")`. */
  readonly newId: (prefix: string) => string
}

/** @returns The start of a message that is still empty; its blocks follow by themselves. */
export function toStart(event: MessageStartEvent | undefined, { model, newId }: Blank): MessageStartEvent {
  const message = isObject(event?.message) ? event.message : undefined
  const usage = isObject(message?.usage) ? message.usage : undefined
  const counted = typeof usage?.input_tokens === "number" && typeof usage.output_tokens === "number"
  const named = typeof message?.id === "string" && message.id !== ""
  const begins = message?.type === "message" && message.role === "assistant" && message.stop_reason === null
  if (event && named && begins && counted && Array.isArray(message.content) && message.content.length === 0) return event
  return {
    type: "message_start",
    ...event,
    message: {
      model,
      stop_sequence: null,
      stop_details: null,
      container: null,
      diagnostics: null,
      ...message,
      id: named ? message.id : newId("msg_"),
      type: "message",
      role: "assistant",
      content: [],
      stop_reason: null,
      usage: {
        cache_creation_input_tokens: null,
        cache_read_input_tokens: null,
        cache_creation: null,
        output_tokens_details: null,
        server_tool_use: null,
        service_tier: null,
        inference_geo: null,
        speed: null,
        ...usage,
        input_tokens: countOf(usage?.input_tokens),
        output_tokens: countOf(usage?.output_tokens),
      },
    },
  }
}

/** A block as it may begin. */
export interface Opening {
  readonly block: ReplyBlock
  /** What it said already, and has to say in a delta: clients do not look for words in a start. */
  readonly now: BlockDelta | undefined
  /** What it says at its end, unless a delta has said it by then. */
  readonly later: BlockDelta | undefined
}

export function toOpening(block: ReplyBlock, { newId }: Blank): Opening {
  switch (block.type) {
    case "text": {
      const { text } = block
      if (text === "") break
      const now = typeof text === "string" ? ({ type: "text_delta", text } as const) : undefined
      return { block: { ...block, text: "" }, now, later: undefined }
    }
    case "thinking": {
      const { thinking, signature } = block
      if (thinking === "" && signature === "") break
      const said = typeof thinking === "string" && thinking !== ""
      const signed = typeof signature === "string" && signature !== ""
      return {
        block: { ...block, thinking: "", signature: "" },
        now: said ? { type: "thinking_delta", thinking } : undefined,
        later: signed ? { type: "signature_delta", signature } : undefined,
      }
    }
    default: {
      if (!isCall(block)) break
      const { id, name, input } = block
      const named = typeof id === "string" && id !== "" && typeof name === "string"
      if (named && isObject(input) && Object.keys(input).length === 0) break
      const json = typeof input === "string" ? input : JSON.stringify(input ?? {})
      return {
        block: {
          ...block,
          id: typeof id === "string" && id !== "" ? id : newId(block.type === "tool_use" ? "toolu_" : "srvtoolu_"),
          name: typeof name === "string" ? name : "",
          input: {},
        },
        now: undefined,
        later: json === "" || json === "{}" ? undefined : { type: "input_json_delta", partial_json: json },
      }
    }
  }
  return { block, now: undefined, later: undefined }
}

function isCall(block: ReplyBlock): block is Extract<ReplyBlock, { input: unknown }> {
  return CALLS.has(block.type)
}

/** Kinds of blocks whose input comes as pieces of JSON. */
export const CALLS: ReadonlySet<string> = new Set(["tool_use", "server_tool_use", "mcp_tool_use"])

/**
 * Several ends of one message as one: later values win, and what is null says nothing.
 *
 * Source: what the SDKs do with a second `message_delta` (`@anthropic-ai/sdk` 1.12.0, `MessageStream`).
 */
export function mergeEnds(first: MessageDeltaEvent, second: MessageDeltaEvent): MessageDeltaEvent {
  return {
    ...first,
    ...second,
    delta: { ...second.delta, ...told(first.delta), ...told(second.delta) },
    usage: { ...second.usage, ...told(first.usage), ...told(second.usage) },
  }
}

/**
 * @param event What the backend told of the end.
 * @param reason Why the answer stopped, where it does not say so.
 * @param counted Tokens of the answer, where it does not say so.
 */
export function toEnd(
  event: MessageDeltaEvent | undefined,
  reason: "end_turn" | "tool_use",
  counted: number,
): MessageDeltaEvent {
  const delta = isObject(event?.delta) ? event.delta : undefined
  const usage = isObject(event?.usage) ? event.usage : undefined
  const counts = typeof usage?.output_tokens === "number"
  const said = typeof delta?.stop_reason === "string" ? delta.stop_reason : undefined
  // What folds the events lays the end over the start, and a message must not change its name and its kind by that.
  const { id, type, role, model, ...end }: JsonObject = delta ?? {}
  const clean = [id, type, role, model].every((field) => field === undefined)
  if (event && clean && said !== undefined && delta?.stop_sequence !== undefined && counts) return event
  return {
    type: "message_delta",
    ...event,
    delta: {
      stop_sequence: null,
      stop_details: null,
      container: null,
      ...end,
      stop_reason: said ?? reason,
    },
    usage: { ...usage, output_tokens: counts ? countOf(usage.output_tokens) : counted },
  }
}

function countOf(value: unknown): number {
  return typeof value === "number" ? value : 0
}

function told<T extends object>(fields: T | undefined): Partial<T> {
  const there = Object.entries(fields ?? {}).filter(([, value]) => value !== null && value !== undefined)
  return Object.fromEntries(there) as Partial<T>
}
