/**
 * Answers that are held to a JSON schema by other means than a schema. What the backend does not promise is checked:
 * the answer is one JSON object, or it fails as long as the client has seen nothing of it.
 */
import { isObject } from "../is-object.ts"
import { parseObject } from "../json.ts"
import { ANSWER_TOOL, outputWay } from "../request/output-format.ts"
import type { ReplyFacts } from "../wire.ts"
import { Answer } from "./answer.ts"
import type { PendingCall } from "./call-arguments.ts"
import type { Ending } from "./finish.ts"

/** An answer of the kind that the request and the backend ask for. */
export function createAnswer(facts: ReplyFacts): Answer {
  switch (outputWay(facts.request, facts.backend.profile)) {
    case "object":
      return new ObjectAnswer(facts)
    case "call":
      return new CallAnswer(facts)
    default:
      return new Answer(facts)
  }
}

const WRONG = "did not answer with the JSON object it was asked for"

/** The answer is the input of the one tool there is. Nothing is told before the whole of it is there. */
class CallAnswer extends Answer {
  readonly #calls: PendingCall[] = []
  #said = "" // words beside the call; a model that makes no call may still answer with the object
  #refused = false
  #complete = false // what is told now is the answer, and a stop sequence in it ends it

  override text(text: string): void {
    this.#said += text
  }

  override refuse(refusal: string): void {
    this.#refused = true
    super.refuse(refusal)
  }

  override expect(call: PendingCall): void {
    this.#calls.push(call)
  }

  override complete(ending: Ending): void {
    if (this.#complete) {
      super.complete(ending)
      return
    }
    this.#complete = true
    const input = this.#calls.find(({ name }) => name === ANSWER_TOOL)?.arguments ?? ""
    const given = this.#refused ? [this.#said] : [input, this.#said]
    const answer = ending === "plain" && !this.#refused ? given.find(isJsonObject) : given.find((text) => text !== "")
    if (answer === undefined && ending === "plain") {
      this.broke(WRONG)
      return
    }
    super.text(answer ?? "")
    if (!this.over) super.complete(ending)
  }
}

/** The answer is text that should be an object. On a stream it is out when that shows, and can only be noted. */
class ObjectAnswer extends Answer {
  readonly #facts: ReplyFacts
  #said = ""
  #free: boolean // a call or a refusal stands in the object's place, or a stop sequence may have cut it

  constructor(facts: ReplyFacts) {
    super(facts)
    this.#facts = facts
    this.#free = (facts.request.stop_sequences ?? []).length > 0
  }

  override text(text: string): void {
    this.#said += text
    super.text(text)
  }

  override refuse(refusal: string): void {
    this.#free = true
    super.refuse(refusal)
  }

  override expect(call: PendingCall): void {
    this.#free = true
    super.expect(call)
  }

  override complete(ending: Ending): void {
    const wrong = ending === "plain" && !this.#free && !isJsonObject(this.#said)
    if (wrong && !this.#facts.request.stream) this.broke(WRONG)
    else super.complete(ending)
    if (wrong && this.#facts.request.stream) this.#facts.note(`the backend ${WRONG}`)
  }
}

function isJsonObject(text: string): boolean {
  return isObject(parseObject(text))
}
