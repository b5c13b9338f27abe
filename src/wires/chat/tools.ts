/** Tools as Chat Completions spells them. */
import type { MessageRequest } from "../../anthropic/types.ts"
import type { FunctionTool } from "../request/functions.ts"
import type { Scope } from "../request/scope.ts"
import { toToolSet } from "../request/tools.ts"
import type { ChatRequest, ChatTool } from "./types.ts"

/**
 * The request's tool fields.
 *
 * @throws {ProxyError} 400 with the path of a tool or a choice that cannot be had here.
 */
export function toToolFields(
  request: MessageRequest,
  scope: Scope,
): Pick<ChatRequest, "tools" | "tool_choice" | "parallel_tool_calls"> {
  const set = toToolSet(request, scope)
  if (!set) return {}
  const { tools, choice, alone } = set
  return {
    tools: tools.map(toChatTool),
    ...(choice && { tool_choice: typeof choice === "string" ? choice : { type: "function", function: choice } }),
    ...(alone && { parallel_tool_calls: false }),
  }
}

function toChatTool({ strict, mark, ...rest }: FunctionTool): ChatTool {
  return { type: "function", function: { ...rest, ...(strict && { strict }) }, ...mark }
}
