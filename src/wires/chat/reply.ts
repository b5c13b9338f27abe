/**
 * Chat Completions → Anthropic's stream events: the one translation of a reply, streamed or whole (a whole answer is
 * one chunk).
 */
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
    // Copilot puts text in one choice and calls in another; as only one answer is ever asked for, they belong together.
    for (const choice of chunk.choices ?? []) if (!this.done) this.#choice(choice)
  }

  #choice({ delta, finish_reason, stop_reason, matched_stop, index }: ChatChoice): void {
    if (delta) this.#delta(delta, index ?? 0)
    if (finish_reason && this.#finish !== "tool_calls") this.#finish = finish_reason
    this.answer.stoppedAt(stop_reason ?? matched_stop)
  }

  #delta(delta: ChatDelta, choice: number): void {
    this.answer.think(reasoningOf(delta))
    if (typeof delta.content === "string") this.answer.text(delta.content)
    else if (delta.content) {
      for (const part of contentParts(delta.content)) {
        this.answer.think(part.thinking ?? "")
        this.answer.text(part.text ?? "")
      }
    }
    if (delta.refusal) this.answer.refuse(delta.refusal)
    const calls = delta.tool_calls ?? (delta.function_call ? [{ function: delta.function_call }] : [])
    for (const call of calls) this.#call({ ...call, index: apart(choice, call.index) })
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
