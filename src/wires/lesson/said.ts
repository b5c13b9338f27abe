/** A backend's refusal, read for what it refuses and what it would take. */
import type { Words } from "../backend-error.ts"

export interface Said {
  /** All of its words. */
  readonly text: string
  /** Its words without the values it would take, so that none of those is mistaken for what it refuses. */
  readonly refused: string
  /** The values it would take, as far as it lists them. */
  readonly taken: readonly string[]
  /** The field it is about; "" when it does not say. */
  readonly param: string
}

/**
 * Where a list of values begins. Source: OpenAI ("Supported values are: 'low', …"), Groq ("must be one of `none` or
 * `default`"), pydantic ("Input should be 'low' or 'high'"), serde ("unknown variant `x`, expected one of `low`, …"),
 * LM Studio ("Supported string values: none, …", lmstudio-bug-tracker#670), DashScope ("x is not one of ['system', …").
 */
const LIST = new RegExp(
  [
    String.raw`(?:supported|valid|allowed) (?:string )?(?:values|levels|options)(?: are)?:? (?=["'\x60\w])`,
    String.raw`(?:(?:must|should) be|\bexpected)(?: one of| either)?:? (?=["'\x60\w])`,
    String.raw`is not one of \[(?=["'])`,
  ].join("|"),
  "i",
)

/** Where it ends: with the sentence, the bracket or the string that holds it, or where what came is told. */
const LIST_END = /\.(?:\s|$)|\]|\\?",|,? (?:not|got|but|received) /

/** A refusal of the thing itself, as opposed to a value that is out of range. */
const REFUSES = new RegExp(
  [
    "unsupported|(?:not|n't) support|(?:not |in)compatible|unrecogni[sz]ed|unknown|unexpected|not permitted|not allowed",
    "extra (?:inputs|fields)|extra_forbidden|only the default|instead",
  ].join("|"),
  "i",
)

export function toSaid({ message, code, param }: Words): Said {
  const text = `${message} ${code}`.trim()
  const [before = "", rest] = split(text, LIST)
  const [list = "", after = ""] = rest === undefined ? [] : split(rest, LIST_END)
  return { text, refused: `${before} ${after}`, taken: list.match(/[\w-]+/g) ?? [], param }
}

export function refuses({ text }: Said): boolean {
  return REFUSES.test(text)
}

/** Whether a refusal names a value as the one it refuses. */
export function refusesValue({ refused }: Said, value: string): boolean {
  return ["'", '"', "`"].some((quote) => refused.includes(quote + value + quote))
}

/** What stands before a pattern, and what behind it; the latter only where the pattern is found. */
function split(text: string, pattern: RegExp): [string, string?] {
  const found = pattern.exec(text)
  return found ? [text.slice(0, found.index), text.slice(found.index + found[0].length)] : [text]
}
