/** The form an answer is held to, as Chat Completions spell it. */
import type { MessageRequest, TextBlock } from "../../anthropic/types.ts"
import { schemaOf, toOutputSchema } from "../request/output-format.ts"
import type { Scope } from "../request/scope.ts"
import type { ChatRequest } from "./types.ts"

/** @throws {ProxyError} 400 when the backend can be held to no form. */
export function toFormat(request: MessageRequest, scope: Scope): Pick<ChatRequest, "response_format"> {
  if (tellsSchema(request, scope)) return { response_format: { type: "json_object" } }
  const schema = toOutputSchema(request, scope)
  return schema ? { response_format: { type: "json_schema", json_schema: schema } } : {}
}

/** The request with the schema told in its system prompt, for a backend that takes it nowhere else. */
export function tellSchema(request: MessageRequest, scope: Scope): MessageRequest {
  if (!tellsSchema(request, scope)) return request
  scope.note("the JSON schema of the answer was told in the system prompt: this backend cannot be held to one")
  const asked = "Answer with one JSON object that fits this JSON schema, and nothing else:"
  const told: TextBlock = { type: "text", text: `${asked}\n${JSON.stringify(schemaOf(request))}` }
  const { system } = request
  const before: readonly TextBlock[] = typeof system === "string" ? [{ type: "text", text: system }] : (system ?? [])
  return { ...request, system: [...before, told] }
}

function tellsSchema(request: MessageRequest, { profile }: Scope): boolean {
  return !profile.json_schema && profile.json_object && schemaOf(request) !== undefined
}
