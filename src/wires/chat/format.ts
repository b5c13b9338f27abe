/** The form an answer is held to, as Chat Completions spell it. */
import type { MessageRequest } from "../../anthropic/types.ts"
import { outputWay, toOutputSchema } from "../request/output-format.ts"
import type { Scope } from "../request/scope.ts"
import type { ChatRequest } from "./types.ts"

/** @throws {ProxyError} 400 when the backend can be held to no form. */
export function toFormat(request: MessageRequest, scope: Scope): Pick<ChatRequest, "response_format"> {
  if (outputWay(request, scope.profile) === "object") return { response_format: { type: "json_object" } }
  const schema = toOutputSchema(request, scope)
  return schema ? { response_format: { type: "json_schema", json_schema: schema } } : {}
}
