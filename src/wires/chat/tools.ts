/** Tools and the choice among them. */
import type { MessageRequest, Tool, ToolChoice } from "../../anthropic/types.ts"
import { badRequest } from "../../error.ts"
import { printable } from "../../log.ts"
import { toolKind } from "./anthropic-tools.ts"
import { fitName } from "./names.ts"
import type { Scope } from "./scope.ts"
import { fitsStrict } from "./strict.ts"
import type { ChatRequest, ChatTool, ChatToolChoice } from "./types.ts"

/**
 * The request's tool fields; none at all when no tool is left, as several backends refuse a choice without tools.
 *
 * @throws {ProxyError} 400 with the path of a tool that cannot be had here, or of a choice of a tool that is not there.
 */
export function toToolFields(
  request: MessageRequest,
  scope: Scope,
): Pick<ChatRequest, "tools" | "tool_choice" | "parallel_tool_calls"> {
  const choice = request.tool_choice ?? undefined
  const { profile, note } = scope
  const all = toChatTools(request.tools ?? [], choice, scope)
  const name = choice?.type === "tool" ? fitName(choice.name ?? "", profile.tool_name_max) : undefined
  const chosen = all.filter((tool) => tool.function.name === name)
  if (name !== undefined && chosen.length === 0) {
    throw badRequest("tool_choice.name", `there is no tool "${printable(choice?.name ?? "")}" among the tools`)
  }
  if (all.length === 0) return {}
  const alone = choice?.disable_parallel_tool_use && profile.parallel_tool_calls
  const parallel = alone ? ({ parallel_tool_calls: false } as const) : {}
  if (!choice) return { tools: all }
  if (profile.tool_choice) return { tools: all, tool_choice: toChatChoice(choice.type, name), ...parallel }
  if (choice.type === "none") return {}
  if (choice.type === "tool") note("this backend cannot be made to call a tool: only the chosen one was sent")
  if (choice.type === "any") note("this backend cannot be made to call a tool: it may answer without a call")
  return { tools: choice.type === "tool" ? chosen : all, ...parallel }
}

function toChatTools(tools: readonly Tool[], choice: ToolChoice | undefined, scope: Scope): ChatTool[] {
  const functions: ChatTool[] = []
  const server: { readonly path: string; readonly tool: Tool }[] = []
  for (const [n, tool] of tools.entries()) {
    const path = `tools.${n}`
    if (!tool.type || tool.type === "custom") {
      functions.push(toFunction(tool, tool.description, tool.input_schema ?? NO_INPUT, scope))
      continue
    }
    const known = toolKind(tool.type)
    if (!known) throw badRequest(path, `"${printable(tool.type)}" is no tool type this proxy knows`)
    if (known.kind === "refused") throw badRequest(path, `${printable(tool.type)} ${known.why}`)
    if (known.kind === "server") server.push({ path, tool })
    if (known.kind !== "function") continue
    if (!tool.name) throw badRequest(`${path}.name`, "Field required") // only toolsets may lack it
    functions.push(toFunction(tool, known.description, known.parameters, scope))
  }
  for (const { path, tool } of server) {
    const forced = choice?.type === "tool" && choice.name === tool.name
    if (forced || (functions.length === 0 && choice?.type !== "none")) {
      throw badRequest(path, `${printable(tool.type ?? "")} runs on Anthropic's servers; this backend cannot run it`)
    }
    scope.note(`tool ${printable(tool.type ?? "")} was left out: it runs on Anthropic's servers`)
  }
  return functions
}

const NO_INPUT = { type: "object", properties: {} } as const

function toFunction(tool: Tool, description: string | undefined, parameters: unknown, scope: Scope): ChatTool {
  const name = tool.name ?? ""
  const strict = tool.strict === true && fitsStrict(parameters)
  if (tool.strict && !strict) {
    scope.note(`tool "${printable(name)}" was not made strict: its schema is beyond this API's strict mode`)
  }
  const examples = Array.isArray(tool.input_examples) ? tool.input_examples.map((it) => JSON.stringify(it)) : []
  const told = [description, examples.length > 0 && ["Examples of input:", ...examples].join("\n")].filter(Boolean)
  return {
    type: "function",
    function: {
      name: fitName(name, scope.profile.tool_name_max),
      ...(told.length > 0 && { description: told.join("\n\n") }),
      parameters,
      ...(strict && { strict }),
    },
  }
}

function toChatChoice(type: ToolChoice["type"], name: string | undefined): ChatToolChoice {
  if (name !== undefined) return { type: "function", function: { name } }
  if (type === "any") return "required"
  return type === "none" ? "none" : "auto"
}
