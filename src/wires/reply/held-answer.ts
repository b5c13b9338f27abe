/**
 * Answers that are held to a JSON schema by other means than a schema. What the backend does not promise is checked:
 * the answer is one JSON object, or it fails as long as the client has seen nothing of it.
 */
import { isObject } from "../is-object.ts"
import { parseObject } from "../json.ts"
import { ANSWER_TOOL, outputWay } from "../request/output-format.ts"
import type { ReplyFacts } from "../wire.ts"
import { Answer } from "./answer.ts"
import type { Ending } from "./finish.ts"
import type { PendingCall } from "./pending-call.ts"

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
    const given = this.#refused ? [this.#said] : [input, unfenced(this.#said), this.#said]
    const answer = ending === "plain" && !this.#refused ? given.find(isJsonObject) : given.find((text) => text !== "")
    if (answer === undefined && ending === "plain") {
      this.broke(WRONG)
      return
    }
    super.text(answer ?? "")
    if (!this.over) super.complete(ending)
  }
}

/**
 * The answer is text that should be an object. On a stream it is out when that shows, and can only be noted. One that
 * begins with a fence of Markdown is held until it is complete, and told without: models put an object into one even
 * where they are held to it (genkit#4613, GLM-4#445).
 */
class ObjectAnswer extends Answer {
  readonly #facts: ReplyFacts
  #said = ""
  #begun: "blank" | "fenced" | "told" = "blank" // told: as it comes, from the beginning
  #free: boolean // a call or a refusal stands in the object's place, or a stop sequence may have cut it

  constructor(facts: ReplyFacts) {
    super(facts)
    this.#facts = facts
    this.#free = (facts.request.stop_sequences ?? []).length > 0
  }

  override text(text: string): void {
    this.#said += text
    if (this.#begun === "told") super.text(text)
    if (this.#begun !== "blank") return
    const [first] = text.trimStart() // all before it is blank
    if (first === "`") this.#begun = "fenced"
    else if (first !== undefined) this.#tell()
  }

  override refuse(refusal: string): void {
    this.#free = true
    super.refuse(refusal)
  }

  override expect(call: PendingCall): void {
    this.#free = true
    this.#tell()
    super.expect(call)
  }

  override complete(ending: Ending): void {
    if (this.#begun === "fenced") this.#said = unfenced(this.#said)
    this.#tell()
    if (this.over) return // a stop sequence stood in it
    const wrong = ending === "plain" && !this.#free && !isJsonObject(this.#said)
    if (wrong && !this.#facts.request.stream) this.broke(WRONG)
    else super.complete(ending)
    if (wrong && this.#facts.request.stream) this.#facts.note(`the backend ${WRONG}`)
  }

  /** What was held. */
  #tell(): void {
    if (this.#begun === "told") return
    this.#begun = "told"
    super.text(this.#said)
  }
}

/** The object inside a fence of Markdown, or the text as it is. */
function unfenced(text: string): string {
  const [, ...lines] = text.trim().split("\n")
  const inside = text.trimStart().startsWith("```") && lines.pop() === "```" ? lines.join("\n") : ""
  return isJsonObject(inside) ? inside : text
}

function isJsonObject(text: string): boolean {
  return isObject(parseObject(text))
}
