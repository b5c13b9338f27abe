/**
 * Responses → Anthropic's stream events: the one translation of a reply, streamed or whole (a whole answer is one
 * `response.completed`). Everything is told up to three times: in deltas, at the end of its item, and at the end of the
 * response; what has been told is not told again, and what one of them left out is taken from the next. LM Studio sends
 * arguments at their end alone (litellm#25321).
 */
import { objectsIn, type JsonObject } from "../is-object.ts"
import { argumentsText } from "../reply/call-arguments.ts"
import type { Ending } from "../reply/finish.ts"
import { PendingCall } from "../reply/pending-call.ts"
import { Reply } from "../reply/reply.ts"
import { Output, returnOnce, type ItemKind, type OutputItem, type Place } from "./output.ts"
import { TEXTS, type TextKind } from "./texts.ts"
import type { ResponsesAnswer, ResponsesContent, ResponsesEvent, ResponsesItem } from "./types.ts"
import { countsIn } from "./usage.ts"

/** One text of an item, or its call. */
interface Told {
  readonly item: OutputItem
  readonly key: string
}

export class ResponsesReply extends Reply<ResponsesEvent> {
  readonly #output = new Output()
  #last: Told | undefined // what was told last, be it text, thinking or a call
  #lastText: Told | undefined // the text told last, whatever has come since

  /** The end is told in one event with everything that belongs to it. */
  protected override get ending(): undefined {
    return undefined
  }

  protected override read(event: ResponsesEvent): void {
    const { response } = event
    if (response) this.answer.count(countsIn(response), response.service_tier)
    const text = TEXTS.get(event.type)
    if (text) {
      const item = this.#item(text.of, placeOf(event))
      this.#say(item, text.kind, event.summary_index ?? event.content_index, textOf(event), text.whole)
      return
    }
    switch (event.type) {
      case "response.output_item.added":
        if (event.item) this.#added(event.item, event.output_index)
        break
      case "response.function_call_arguments.delta": {
        const { call } = this.#item("function_call", placeOf(event))
        call?.add(argumentsText(event.delta))
        this.answer.progress()
        break
      }
      case "response.function_call_arguments.done":
        this.#arguments(this.#item("function_call", placeOf(event)), event.arguments)
        this.answer.settle()
        break
      case "response.output_item.done": {
        const { item, item_id, output_index } = event
        const kind = kindOf(item)
        if (!item || !kind) break
        const known = this.#output.byId(kind, item.call_id)
        this.#whole(known ?? this.#item(kind, { id: item.id ?? item_id, index: output_index }), item)
        break
      }
      case "response.completed":
      case "response.incomplete":
        this.#end(response ?? {}, event.type === "response.incomplete")
    }
  }

  /** The item an event speaks of; a new one where nothing has announced it. */
  #item(kind: ItemKind, place: Place): OutputItem {
    const known = this.#output.find(kind, place)
    if (!known) return this.#begin(kind, place)
    this.#output.name(known, place)
    return known
  }

  #begin(kind: ItemKind, place: Place): OutputItem {
    const call = kind === "function_call" ? new PendingCall() : undefined
    const item = this.#output.begin(kind, place, call)
    if (!call) return item
    this.answer.expect(call)
    this.#last = { item, key: "call" }
    return item
  }

  #added(added: ResponsesItem, index: number | null | undefined): void {
    const kind = kindOf(added)
    if (!kind) return
    const item = this.#output.byId(kind, added.id) ?? this.#begin(kind, { id: added.id, index })
    if (item.call) this.#label(item, added)
  }

  /** What an item says as a whole. */
  #whole(item: OutputItem, whole: ResponsesItem): void {
    const { content, summary, status, ...rest } = whole
    for (const [n, part] of objectsIn(summary).entries()) this.#say(item, "summary", n, part.text, true)
    for (const [n, part] of objectsIn(content).entries()) {
      this.#say(item, contentKind(item, part), n, part.refusal ?? part.text, true)
    }
    this.#return(returnOnce(item, whole))
    if (!item.call) return
    this.#label(item, rest)
    this.#arguments(item, rest.arguments)
    if (item.call.arguments === "" && status !== "incomplete") item.call.replace("{}")
    this.answer.settle()
  }

  /** Nothing is kept at the backend, so it must get its reasoning back, ahead of what came of it. */
  #return(returned: JsonObject | undefined): void {
    if (!returned) return
    this.answer.settle() // a call before it is not what came of it
    this.answer.replay({ items: [returned] })
  }

  /** A call's name, and the id its result refers to. */
  #label(item: OutputItem, { call_id, name }: ResponsesItem): void {
    if (!item.call) return
    item.call.id ||= typeof call_id === "string" ? call_id : ""
    item.call.name ||= typeof name === "string" ? name : ""
    this.#output.name(item, { id: call_id, index: undefined })
  }

  /** The whole arguments: they stand for what the deltas said, unless the client has that already. */
  #arguments({ call }: OutputItem, value: unknown): void {
    const text = argumentsText(value)
    if (call && text !== "" && (call.sent === 0 || text.startsWith(call.arguments))) call.replace(text)
  }

  /** Tells a text, or of a whole text what has not been told. */
  #say(item: OutputItem, kind: TextKind, n: unknown, text: unknown, whole: boolean): void {
    if (typeof text !== "string") return
    const key = `${kind} ${typeof n === "number" ? n : 0}`
    const told = item.texts.get(key) ?? ""
    const more = whole ? beyond(told, text) : text
    if (more === "") return
    item.texts.set(key, told + more)
    if (item.kind === "reasoning") {
      // A summary and the reasoning itself say the same: whichever comes first is shown.
      const [first = key] = item.texts.keys()
      if (!first.startsWith(kind)) return
      const goesOn = this.#last?.item.kind === "reasoning" && !isSame(this.#last, item, key)
      this.answer.think(goesOn ? `\n\n${more}` : more)
    } else {
      if (this.#lastText && !isSame(this.#lastText, item, key)) this.answer.endText()
      if (kind === "refusal") this.answer.refuse(more)
      else this.answer.text(more)
      this.#lastText = { item, key }
    }
    this.#last = { item, key }
  }

  #end(response: ResponsesAnswer, incomplete: boolean): void {
    const alone = this.#output.empty
    for (const [index, whole] of objectsIn(response.output).entries()) {
      const kind = kindOf(whole)
      if (!kind || this.done) continue
      const known = this.#output.byId(kind, whole.call_id) ?? this.#output.find(kind, { id: whole.id, index })
      // What cannot be matched may have been told under another id; a call that is lost, however, stops an agent.
      if (!known && !alone && this.#output.has(kind) && kind !== "function_call") continue
      this.#whole(known ?? this.#begin(kind, { id: whole.id, index }), whole)
    }
    if (!this.done) this.answer.complete(endingOf(response, incomplete))
  }
}

function endingOf({ status, incomplete_details }: ResponsesAnswer, incomplete: boolean): Ending {
  if (incomplete_details?.reason === "content_filter") return "filter"
  return incomplete || status === "incomplete" ? "length" : "plain"
}

function placeOf({ item_id, output_index }: ResponsesEvent): Place {
  return { id: item_id, index: output_index }
}

function textOf({ delta, text, refusal }: ResponsesEvent): string | null | undefined {
  return delta ?? text ?? refusal
}

function isSame(told: Told, item: OutputItem, key: string): boolean {
  return told.item === item && told.key === key
}

function kindOf(item: ResponsesItem | null | undefined): ItemKind | undefined {
  const type = item?.type
  return type === "message" || type === "reasoning" || type === "function_call" ? type : undefined
}

function contentKind({ kind }: OutputItem, part: ResponsesContent): TextKind {
  if (kind === "reasoning") return "reasoning"
  return part.type === "refusal" ? "refusal" : "text"
}

/** What a whole text says beyond what was told of it; nothing where the two differ, as nothing can be taken back. */
function beyond(told: string, whole: string): string {
  return whole.startsWith(told) ? whole.slice(told.length) : ""
}
