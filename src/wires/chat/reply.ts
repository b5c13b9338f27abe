/**
 * Chat Completions → Anthropic's stream events: the one translation of a reply, streamed or whole (a whole answer is
 * one chunk).
 */
import { isObject, objectsIn } from "../is-object.ts"
import type { Ending } from "../reply/finish.ts"
import { Reply } from "../reply/reply.ts"
import { contentParts, reasoningOf } from "./parts.ts"
import { ToolCalls } from "./tool-calls.ts"
import type { ChatChoice, ChatChunk, ChatDelta, ChatToolCallDelta } from "./types.ts"
import { countsIn } from "./usage.ts"

export class ChatReply extends Reply<ChatChunk> {
  readonly #calls = new ToolCalls()
  #finish: string | undefined // finish_reason, once it came

  protected override get ending(): Ending | "failed" | undefined {
    return this.#finish === undefined ? undefined : (ENDINGS[this.#finish] ?? "plain")
  }

  protected override read(chunk: ChatChunk): void {
    this.answer.count(countsIn(chunk), chunk.service_tier)
    for (const choice of objectsIn(chunk.choices)) if (!this.done) this.#choice(choice)
  }

  #choice({ delta, message, finish_reason, stop_reason, matched_stop, index }: ChatChoice): void {
    const said = delta ?? message // some servers stream what they would answer as a whole
    // Only one answer is ever asked for. Copilot puts its text in the first choice and its calls in the next.
    const first = !index
    if (isObject(said)) {
      if (first) this.#say(said)
      this.#callAll(said, index ?? 0)
    }
    if (finish_reason && this.#finish !== "tool_calls" && (first || finish_reason === "tool_calls")) {
      this.#finish = finish_reason
    }
    if (first) this.answer.stoppedAt(stop_reason ?? matched_stop)
  }

  #say(delta: ChatDelta): void {
    this.answer.think(reasoningOf(delta))
    if (typeof delta.content === "string") this.answer.text(delta.content)
    else {
      for (const part of contentParts(objectsIn(delta.content))) {
        this.answer.think(part.thinking)
        this.answer.text(part.text)
      }
    }
    if (typeof delta.refusal === "string" && delta.refusal) this.answer.refuse(delta.refusal)
  }

  #callAll(delta: ChatDelta, choice: number): void {
    const calls = delta.tool_calls ?? (delta.function_call ? [{ function: delta.function_call }] : [])
    for (const call of objectsIn(calls)) this.#call({ ...call, index: apart(choice, call.index) })
  }

  #call(delta: ChatToolCallDelta): void {
    const begun = this.#calls.add(delta)
    if (begun) this.answer.expect(begun)
    this.answer.progress()
  }
}

/** What a finish_reason means. All others, `tool_calls` and "" among them, are a plain end. */
const ENDINGS: Readonly<Record<string, Ending | "failed">> = {
  length: "length",
  model_length: "window", // Mistral
  content_filter: "filter",
  error: "failed", // OpenRouter, Mistral
}

/** Call indices of several choices, kept apart from one another. */
function apart(choice: number, index: number | null | undefined): number | null | undefined {
  return typeof index === "number" ? choice * 1000 + index : index
}
