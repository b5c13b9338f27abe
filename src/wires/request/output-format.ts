/**
 * The JSON schema an answer is held to: sent as it is, told in the system prompt, or made the input of a tool that the
 * model has to call, as far as the backend goes.
 */
import type { JsonSchema, MessageRequest, TextBlock } from "../../anthropic/types.ts"
import type { Profile } from "../../backends/profile.ts"
import { badRequest } from "../../error.ts"
import type { FunctionTool } from "./functions.ts"
import { fitParameters, fitSchema } from "./schema.ts"
import type { Scope } from "./scope.ts"
import { fitsStrict } from "./strict.ts"

export interface OutputSchema {
  readonly name: string
  readonly schema: unknown
  readonly strict: boolean
}

/** How the backend is held to the schema of the answer; undefined when there is none, or no way. */
export function outputWay(request: MessageRequest, profile: Profile): "schema" | "object" | "call" | undefined {
  if (!schemaOf(request)) return undefined
  if (profile.json_schema) return "schema"
  if (profile.json_object) return "object"
  return profile.tool_choice.includes("function") || profile.tool_choice.includes("required") ? "call" : undefined
}

/**
 * The schema for a backend that takes one.
 *
 * @throws {ProxyError} 400 when there is no way at all: an answer of another form would break the client.
 */
export function toOutputSchema(request: MessageRequest, scope: Scope): OutputSchema | undefined {
  const asked = schemaOf(request)
  const way = outputWay(request, scope.profile)
  if (asked && !way) throw badRequest("output_config.format", "this backend cannot be held to a JSON schema")
  if (!asked || way !== "schema") return undefined
  const schema = fitSchema(asked, scope)
  return { name: "response", schema, strict: fitsStrict(schema) }
}

/** The request with the schema told in its system prompt, for a backend that only knows to answer with an object. */
export function tellSchema(request: MessageRequest, { profile, note }: Scope): MessageRequest {
  if (outputWay(request, profile) !== "object") return request
  note("the JSON schema of the answer was told in the system prompt: this backend cannot be held to one")
  const asked = "Answer with one JSON object that fits this JSON schema, and nothing else:"
  const told: TextBlock = { type: "text", text: `${asked}\n${JSON.stringify(schemaOf(request))}` }
  const { system } = request
  const before: readonly TextBlock[] = typeof system === "string" ? [{ type: "text", text: system }] : (system ?? [])
  return { ...request, system: [...before, told] }
}

/** The tool whose input is the answer. It stands alone, so its name meets no other. */
export const ANSWER_TOOL = "answer"

/** That tool, for a backend that can be held to a schema in no other way. */
export function toAnswerTool(request: MessageRequest, scope: Scope): FunctionTool | undefined {
  if (outputWay(request, scope.profile) !== "call") return undefined
  const parameters = fitParameters(schemaOf(request), scope)
  const description = "Gives the answer. Call it once, with the whole answer as its input."
  return { name: ANSWER_TOOL, description, parameters, strict: fitsStrict(parameters) }
}

function schemaOf({ output_config, output_format }: MessageRequest): JsonSchema | undefined {
  return (output_config?.format ?? output_format)?.schema
}
