/** Tools and the choice among them, before a wire spells them. */
import type { MessageRequest, Tool, ToolChoice } from "../../anthropic/types.ts"
import { badRequest } from "../../error.ts"
import { printable } from "../../log.ts"
import { toolKind } from "./anthropic-tools.ts"
import { fitName } from "./names.ts"
import type { Scope } from "./scope.ts"
import { fitParameters } from "./schema.ts"
import { fitsStrict } from "./strict.ts"

/** A function the model may call. */
export interface FunctionTool {
  readonly name: string
  readonly description?: string
  readonly parameters: unknown
  readonly strict: boolean
}

/** The tools a backend is told of. */
export interface ToolSet {
  readonly tools: readonly FunctionTool[]
  /** A name is that of the tool to call; undefined leaves it to the backend's default. */
  readonly choice: "auto" | "required" | "none" | { readonly name: string } | undefined
  /** Whether the backend must be told to make one call at most. */
  readonly alone: boolean
}

/**
 * The request's tools; undefined when none is left, as several backends refuse a choice without tools.
 *
 * @throws {ProxyError} 400 with the path of a tool that cannot be had here, or of a choice of a tool that is not there.
 */
export function toToolSet(request: MessageRequest, scope: Scope): ToolSet | undefined {
  const choice = request.tool_choice ?? undefined
  const { profile } = scope
  const all = toFunctions(request.tools ?? [], choice, scope)
  const name = choice?.type === "tool" ? fitName(choice.name ?? "", profile.tool_name_max) : undefined
  const chosen = all.filter((tool) => tool.name === name)
  if (name !== undefined && chosen.length === 0) {
    throw badRequest("tool_choice.name", `there is no tool "${printable(choice?.name ?? "")}" among the tools`)
  }
  if (all.length === 0) return undefined
  const alone = choice?.disable_parallel_tool_use === true && profile.parallel_tool_calls
  if (!choice) return { tools: all, choice: undefined, alone }
  const forms = profile.tool_choice
  if (name !== undefined && forms.includes("function")) return { tools: all, choice: { name }, alone }
  if (choice.type === "none" && !forms.includes("none")) return undefined
  return { tools: choice.type === "tool" ? chosen : all, choice: toWord(choice.type, scope), alone }
}

function toFunctions(tools: readonly Tool[], choice: ToolChoice | undefined, scope: Scope): FunctionTool[] {
  const functions: FunctionTool[] = []
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

function toFunction(tool: Tool, description: string | undefined, schema: unknown, scope: Scope): FunctionTool {
  const name = tool.name ?? ""
  const parameters = fitParameters(schema, scope)
  const strict = tool.strict === true && fitsStrict(parameters)
  if (tool.strict && !strict) {
    scope.note(`tool "${printable(name)}" was not made strict: its schema is beyond this API's strict mode`)
  }
  const examples = Array.isArray(tool.input_examples) ? tool.input_examples.map((it) => JSON.stringify(it)) : []
  const told = [description, examples.length > 0 && ["Examples of input:", ...examples].join("\n")].filter(Boolean)
  return {
    name: fitName(name, scope.profile.tool_name_max),
    ...(told.length > 0 && { description: told.join("\n\n") }),
    parameters,
    strict,
  }
}

/** The choice in one word, where the backend takes that word. */
function toWord(type: ToolChoice["type"], { profile, note }: Scope): "auto" | "none" | "required" | undefined {
  const word = type === "any" || type === "tool" ? "required" : type
  if (profile.tool_choice.includes(word)) return word
  if (type === "tool") note("this backend cannot be made to call a tool: only the chosen one was sent")
  if (type === "any") note("this backend cannot be made to call a tool: it may answer without a call")
  return undefined
}
