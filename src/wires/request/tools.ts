/** Tools and the choice among them, before a wire spells them. */
import type { MessageRequest, ToolChoice } from "../../anthropic/types.ts"
import { badRequest } from "../../error.ts"
import { printable } from "../../log.ts"
import { toFunctions, type ClientFunction, type FunctionTool } from "./functions.ts"
import { toAnswerTool } from "./output-format.ts"
import type { Scope } from "./scope.ts"

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
  const forms = profile.tool_choice
  const all = toFunctions(request.tools ?? [], choice, scope)
  const answer = toAnswerTool(request, scope)
  if (answer) {
    if (all.length > 0) throw badRequest("output_config.format", NOT_BESIDE)
    const forced = forms.includes("function") ? { name: answer.name } : "required"
    return { tools: [answer], choice: forced, alone: profile.parallel_tool_calls }
  }
  const chosen = choice?.type === "tool" ? choose(all, choice.name ?? "") : all
  const tools = all.map(({ tool }) => tool)
  const [only, ...others] = chosen.map(({ tool }) => tool)
  if (!only) return undefined
  const alone = choice?.disable_parallel_tool_use === true && profile.parallel_tool_calls
  if (!choice) return { tools, choice: undefined, alone }
  if (choice.type === "tool" && others.length === 0 && forms.includes("function")) {
    return { tools, choice: { name: only.name }, alone }
  }
  if (choice.type === "none" && !forms.includes("none")) return undefined
  return { tools: [only, ...others], choice: toWord(choice.type, scope), alone }
}

const NOT_BESIDE = "this backend cannot be held to a JSON schema while it has tools to choose from"

/** The tool of this name, or what a toolset has of it: a member, or all members where the name is the toolset's. */
function choose(all: readonly ClientFunction[], name: string): readonly ClientFunction[] {
  const own = all.filter((one) => one.toolset === undefined && one.name === name)
  const members = all.filter((one) => one.toolset !== undefined && [one.toolset, one.name].includes(name))
  const chosen = own.length > 0 ? own : members
  if (chosen.length > 0) return chosen
  throw badRequest("tool_choice.name", `there is no tool "${printable(name)}" among the tools`)
}

/** The choice in one word, where the backend takes that word. */
function toWord(type: ToolChoice["type"], { profile, note }: Scope): "auto" | "none" | "required" | undefined {
  const word = type === "any" || type === "tool" ? "required" : type
  if (profile.tool_choice.includes(word)) return word
  if (type === "tool") note("this backend cannot be made to call a tool: only the chosen one was sent")
  if (type === "any") note("this backend cannot be made to call a tool: it may answer without a call")
  return undefined
}
