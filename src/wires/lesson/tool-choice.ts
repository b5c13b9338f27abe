/**
 * A lesson on a form of `tool_choice`: it is made as weak as the profile's flag of that name would make it. Models that
 * think commonly take none that forces a call (DeepSeek-V3#1376, eino#994, oh-my-pi#827).
 */
import { isObject, type JsonObject } from "../is-object.ts"
import { refuses, type Said } from "./said.ts"

export interface ChoiceLesson {
  readonly kind: "choice"
  /** The form that is refused: a word, or `function` for a tool by its name. */
  readonly from: string
  /** What is sent in its place; null leaves the choice to the backend. */
  readonly to: "required" | null
}

export function choiceIn(body: JsonObject, said: Said): ChoiceLesson | undefined {
  const from = formOf(body)
  if (from === undefined || !/tool[_ ]choice/i.test(`${said.text} ${said.param}`)) return undefined
  if (said.taken.includes(from) || !(refuses(said) || said.taken.includes("auto"))) return undefined
  return { kind: "choice", from, to: from === "function" && said.taken.includes("required") ? "required" : null }
}

export function heedChoice(body: JsonObject, { from, to }: ChoiceLesson): JsonObject {
  if (formOf(body) !== from) return body
  const { tool_choice, ...rest } = body
  const { tools, ...without } = rest
  if (from === "none") return without
  // A forced tool is sent alone where it cannot be named.
  const name = nameIn(tool_choice)
  const alone = Array.isArray(tools) && name !== undefined ? tools.filter((tool) => nameIn(tool) === name) : undefined
  return { ...rest, ...(alone && { tools: alone }), ...(to !== null && { tool_choice: to }) }
}

export function tellChoice({ from, to }: ChoiceLesson): string {
  if (from === "none") return `tools are left out where tool_choice is "none"`
  return to === null ? `tool_choice "${from}" is left to the backend` : `tool_choice "${from}" is sent as "${to}"`
}

function formOf({ tool_choice }: JsonObject): string | undefined {
  if (typeof tool_choice === "string") return tool_choice
  return nameIn(tool_choice) === undefined ? undefined : "function"
}

/** Of a choice or a tool: Responses name it at once, Chat Completions inside `function`. */
function nameIn(value: unknown): unknown {
  if (!isObject(value) || value["type"] !== "function") return undefined
  return isObject(value["function"]) ? value["function"]["name"] : value["name"]
}
