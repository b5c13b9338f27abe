/** Tools as the Responses API spells them. */
import type { MessageRequest } from "../../anthropic/types.ts"
import type { FunctionTool } from "../request/functions.ts"
import type { Scope } from "../request/scope.ts"
import { toToolSet } from "../request/tools.ts"
import type { ResponsesRequest, ResponsesTool } from "./types.ts"

/**
 * The request's tool fields.
 *
 * @throws {ProxyError} 400 with the path of a tool or a choice that cannot be had here.
 */
export function toToolFields(
  request: MessageRequest,
  scope: Scope,
): Pick<ResponsesRequest, "tools" | "tool_choice" | "parallel_tool_calls"> {
  const set = toToolSet(request, scope)
  if (!set) return {}
  const { tools, choice, alone } = set
  return {
    tools: tools.map(toResponsesTool),
    ...(choice && { tool_choice: typeof choice === "string" ? choice : { type: "function", ...choice } }),
    ...(alone && { parallel_tool_calls: false }),
  }
}

function toResponsesTool({ mark, ...tool }: FunctionTool): ResponsesTool {
  return { type: "function", ...tool, ...mark }
}
