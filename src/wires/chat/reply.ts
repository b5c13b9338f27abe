/**
 * Chat Completions → Anthropic's stream events: the one translation of a reply, streamed or whole (a whole answer is
 * one chunk).
 */
import type { Profile } from "../../backends/profile.ts"
import { isObject, objectsIn } from "../is-object.ts"
import type { Ending } from "../reply/finish.ts"
import { Reply } from "../reply/reply.ts"
import { contentParts, reasoningOf } from "./parts.ts"
import { ThinkTags, type Told } from "./think-tags.ts"
import { ToolCalls } from "./tool-calls.ts"
import type { ReplyFacts } from "../wire.ts"
import type { ChatChoice, ChatChunk, ChatDelta, ChatToolCallDelta } from "./types.ts"
import { countsIn } from "./usage.ts"

export class ChatReply extends Reply<ChatChunk> {
  readonly #calls = new ToolCalls()
  readonly #replay: Profile["reasoning"]["replay"]
  readonly #tags: ThinkTags | undefined
  #source: "field" | "tags" | undefined // where its thinking comes from, once some has come
  #finish: string | undefined // finish_reason, once it came

  constructor(facts: ReplyFacts) {
    super(facts)
    const { replay, tags } = facts.backend.profile.reasoning
    this.#replay = replay
    this.#tags = tags ? new ThinkTags() : undefined
  }

  protected override get ending(): Ending | "failed" | undefined {
    return this.#finish === undefined ? undefined : (ENDINGS.get(this.#finish) ?? "plain")
  }

  protected override read(chunk: ChatChunk): void {
    this.answer.count(countsIn(chunk), chunk.service_tier)
    for (const choice of objectsIn(chunk.choices)) if (!this.done) this.#choice(choice)
  }

  #choice({ delta, message, finish_reason, stop_reason, matched_stop, index }: ChatChoice): void {
    const said = delta ?? message // some servers stream what they would answer as a whole
    // Only one answer is ever asked for. Copilot puts its text in the first choice and its calls in the next.
    const place = typeof index === "number" ? index : 0
    const first = place === 0
    if (isObject(said)) {
      if (first) this.#say(said)
      this.#callAll(said, place)
    }
    // A value that is no word says nothing: it must not make an answer complete that was cut off.
    const told = typeof finish_reason === "string" && finish_reason !== ""
    if (told && this.#finish !== "tool_calls" && (first || finish_reason === "tool_calls")) {
      this.#finish = finish_reason
    }
    if (first) this.answer.stoppedAt(stop_reason ?? matched_stop)
  }

  protected override finish(): void {
    if (this.#tags) this.#tell(this.#tags.end(), "tags")
  }

  #say(delta: ChatDelta): void {
    this.#tell({ thinking: reasoningOf(delta), text: "" }, "field")
    if (this.#replay === "reasoning_details") {
      const details = objectsIn(delta.reasoning_details)
      if (details.length > 0) this.answer.replay({ details })
    }
    if (typeof delta.content === "string") this.#text(delta.content)
    else {
      for (const { thinking, text } of contentParts(objectsIn(delta.content))) {
        this.#tell({ thinking, text: "" }, "field")
        this.#text(text)
      }
    }
    if (typeof delta.refusal === "string" && delta.refusal) this.answer.refuse(delta.refusal)
  }

  #text(text: string): void {
    if (text === "") return
    if (this.#tags) this.#tell(this.#tags.take(text), "tags")
    else this.answer.text(text)
  }

  /** Where thinking has come from one place, what another says is the same again (pi#5605: MiniMax, in turns). */
  #tell({ thinking, text }: Told, source: "field" | "tags"): void {
    if (thinking !== "" && (this.#source ??= source) === source) {
      this.answer.think(thinking)
      if (this.#replay !== null && this.#replay !== "reasoning_details") this.answer.replay({ text: thinking })
    }
    this.answer.text(text)
  }

  #callAll(delta: ChatDelta, choice: number): void {
    const calls = objectsIn(delta.tool_calls ?? (delta.function_call ? [{ function: delta.function_call }] : []))
    if (calls.length > 0) this.finish()
    for (const call of calls) this.#call({ ...call, index: apart(choice, call.index) })
  }

  #call(delta: ChatToolCallDelta): void {
    const begun = this.#calls.add(delta)
    if (begun) this.answer.expect(begun)
    this.answer.progress()
  }
}

/** What a finish_reason means. All others, `tool_calls` and "" among them, are a plain end. */
const ENDINGS: ReadonlyMap<string, Ending | "failed"> = new Map([
  ["length", "length"],
  ["model_length", "window"], // Mistral
  ["content_filter", "filter"],
  ["error", "failed"], // OpenRouter, Mistral
  ["insufficient_system_resource", "failed"], // DeepSeek: it was interrupted
])

/** Call indices of several choices, kept apart from one another. */
function apart(choice: number, index: number | null | undefined): number | null | undefined {
  return typeof index === "number" ? choice * 1000 + index : index
}
