/** The client's tools → functions. */
import type { Tool, ToolChoice } from "../../anthropic/types.ts"
import { badRequest } from "../../error.ts"
import { printable } from "../../log.ts"
import { toolKind } from "./anthropic-tools.ts"
import type { CacheMark } from "./cache-marks.ts"
import { fitName, memberName } from "./names.ts"
import type { Scope } from "./scope.ts"
import { fitParameters } from "./schema.ts"
import { fitsStrict } from "./strict.ts"
import { toComputerTool } from "./toolsets/computer-tool.ts"
import type { Toolset } from "./toolsets/schemas.ts"

/** A function the model may call. */
export interface FunctionTool {
  readonly name: string
  readonly description?: string
  readonly parameters: unknown
  readonly strict: boolean
  readonly mark?: CacheMark
}

/** A function, and what it is to the client. */
export interface ClientFunction {
  readonly tool: FunctionTool
  /** As the client calls it. */
  readonly name: string
  readonly toolset?: string
}

/** @throws {ProxyError} 400 with the path of a tool that cannot be had here. */
export function toFunctions(
  tools: readonly Tool[],
  choice: ToolChoice | undefined,
  scope: Scope,
): readonly ClientFunction[] {
  const functions: ClientFunction[] = []
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
    if (known.kind === "toolset") functions.push(...toMembers(tool, known.toolset, scope))
    if (known.kind !== "function" && known.kind !== "computer") continue
    if (!tool.name) throw badRequest(`${path}.name`, "Field required") // only toolsets may lack it
    const { description, parameters } = known.kind === "computer" ? toComputerTool(tool) : known
    functions.push(toFunction(tool, description, parameters, scope))
  }
  refuseDoubles(functions)
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

/** One function for each member that is enabled, as all are by default. */
function toMembers(entry: Tool, { name: toolset, members }: Toolset, scope: Scope): ClientFunction[] {
  const enabled = Object.entries(members).filter(([name]) => (entry.configs?.[name]?.enabled ?? true) !== false)
  const mark = scope.marks?.get(entry)
  return enabled.map(([name, { description, parameters }], n) => ({
    tool: {
      name: fitName(memberName(toolset, name), scope.profile.tool_name_max),
      description,
      parameters: fitParameters(parameters, scope),
      strict: false,
      ...(mark && n === enabled.length - 1 && { mark }),
    },
    name,
    toolset,
  }))
}

function toFunction(tool: Tool, description: string | undefined, schema: unknown, scope: Scope): ClientFunction {
  const name = tool.name ?? ""
  const parameters = fitParameters(schema, scope)
  const strict = tool.strict === true && fitsStrict(parameters)
  if (tool.strict && !strict) {
    scope.note(`tool "${printable(name)}" was not made strict: its schema is beyond this API's strict mode`)
  }
  const examples = Array.isArray(tool.input_examples) ? tool.input_examples.map((it) => JSON.stringify(it)) : []
  const mark = scope.marks?.get(tool)
  const told = [description, examples.length > 0 && ["Examples of input:", ...examples].join("\n")].filter(Boolean)
  return {
    tool: {
      name: fitName(name, scope.profile.tool_name_max),
      ...(told.length > 0 && { description: told.join("\n\n") }),
      parameters,
      strict,
      ...(mark && { mark }),
    },
    name,
  }
}

/** A tool of the client's may have the very name that a toolset's member gets: its calls could not be told apart. */
function refuseDoubles(functions: readonly ClientFunction[]): void {
  const members = new Map<string, string>()
  for (const { tool, name, toolset } of functions) if (toolset) members.set(tool.name, `${toolset}'s ${name}`)
  const double = functions.find(({ tool, toolset }) => toolset === undefined && members.has(tool.name))
  if (!double) return
  const why = `"${printable(double.name)}" is the name that the toolset ${members.get(double.tool.name)} goes by here`
  throw badRequest("tools", `Tool names must be unique: ${why}`)
}
