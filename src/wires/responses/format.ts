/** The form an answer is held to, as the Responses API spells it. */
import type { MessageRequest } from "../../anthropic/types.ts"
import { outputWay, toOutputSchema } from "../request/output-format.ts"
import type { Scope } from "../request/scope.ts"
import type { ResponsesRequest } from "./types.ts"

/** @throws {ProxyError} 400 when the backend can be held to no form. */
export function toFormat(request: MessageRequest, scope: Scope): Pick<ResponsesRequest, "text"> {
  if (outputWay(request, scope.profile) === "object") return { text: { format: { type: "json_object" } } }
  const schema = toOutputSchema(request, scope)
  return schema ? { text: { format: { type: "json_schema", ...schema } } } : {}
}
