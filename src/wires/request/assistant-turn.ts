/** Assistant messages → assistant turns. */
import type {
  ContentBlock,
  McpToolResultBlock,
  McpToolUseBlock,
  ToolUseBlock,
} from "../../anthropic/types.ts"
import { badRequest } from "../../error.ts"
import { printable } from "../../log.ts"
import { toJsonText } from "../json.ts"
import type { PlacedReplay } from "../replay.ts"
import { toParts } from "./content.ts"
import type { Call, Placed, ToolTurn, Turn } from "./turn.ts"
import { fitId, fitName, memberName } from "./names.ts"
import type { Scope } from "./scope.ts"
import { toServerCallText, toServerResultText } from "./server-tools.ts"

/**
 * Adds one turn, which may be several assistant messages in a row: Anthropic takes them for one, and between a call
 * and its result backends allow no other message.
 *
 * @returns The ids of the calls whose results must follow, in order, as the client wrote them.
 * @throws {ProxyError} 400 with the path of a block that has no equal.
 */
export function addAssistantTurn(turn: readonly Placed[], scope: Scope, out: Turn[]): readonly string[] {
  const { tool_name_max, tool_id_max, tool_id_form } = scope.profile
  const calls: ToolUseBlock[] = []
  let text = new Text()
  let replays: PlacedReplay[] = []
  let mcpCalls: McpToolUseBlock[] = []
  const mcpResults = findMcpResults(turn)
  for (const { message, index } of turn) {
    text.pause()
    if (typeof message.content === "string") say(message.content)
    else for (const [n, block] of (message.content ?? []).entries()) add(block, `messages.${index}.content.${n}`)
  }
  closeMcp()
  if (replays.length === 0) replays = recall(calls, scope)
  push(calls.map((call) => toCall(call.id, toolName(call), call.input)))
  return calls.map((call) => call.id)

  function add(block: ContentBlock, path: string): void {
    if (block.type === "text") {
      say(block.text)
      return
    }
    text.pause()
    switch (block.type) {
      case "tool_use":
        calls.push(block)
        return
      case "mcp_tool_use":
        mcpCalls.push(block)
        return
      case "server_tool_use":
        say(toServerCallText(block))
        break
      case "web_search_tool_result":
      case "web_fetch_tool_result":
      case "code_execution_tool_result":
      case "bash_code_execution_tool_result":
      case "text_editor_code_execution_tool_result":
      case "tool_search_tool_result":
      case "advisor_tool_result":
        say(toServerResultText(block))
        break
      case "compaction":
        say(block.content ?? "")
        break
      case "container_upload":
        say(`[file ${block.file_id} in the container]`)
        break
      case "thinking": {
        // What another has signed is not this backend's thinking; as text it would pass for an answer.
        const replay = scope.thoughts.open(block)
        if (replay) replays.push({ replay, before: calls.length, spoken: text.toString() !== "" })
        return
      }
      case "redacted_thinking":
      case "mcp_tool_result": // found by its call
      case "mcp_tool_listing":
      case "fallback":
        return
      default:
        throw badRequest(path, `a "${printable(block.type)}" block cannot stand in an assistant message`)
    }
    text.pause()
  }

  function say(words: string): void {
    if (words) closeMcp()
    text.add(words)
  }

  /** What Anthropic called and answered within one turn becomes a call and its result, before what follows. */
  function closeMcp(): void {
    if (mcpCalls.length === 0) return
    const closed = mcpCalls
    mcpCalls = []
    push(closed.map((call) => toCall(call.id, mcpName(call), call.input)))
    for (const { id } of closed) out.push(toMcpResult(id))
  }

  function toMcpResult(id: string): ToolTurn {
    const { block, path } = mcpResults.get(id) ?? { block: undefined, path: "" }
    const parts = toParts(block?.content, `${path}.content`, "tool_result", scope)
    return { role: "tool", id: fitId(id, tool_id_max, tool_id_form), parts, failed: block?.is_error === true }
  }

  function push(made: readonly Call[]): void {
    const words = text.toString()
    if (words || made.length > 0) out.push({ role: "assistant", text: words, replays, calls: made })
    text = new Text()
    replays = []
  }

  function toCall(id: string, name: string, input: unknown): Call {
    const fitted = { id: fitId(id, tool_id_max, tool_id_form), name: fitName(name, tool_name_max) }
    return { ...fitted, arguments: toJsonText(input ?? {}) }
  }
}

/** What was kept for the turn; each of its calls knows all of it. */
function recall(calls: readonly ToolUseBlock[], { thoughts }: Scope): PlacedReplay[] {
  for (const call of calls) {
    const kept = thoughts.recall(call)
    if (kept) return [...kept]
  }
  return []
}

function findMcpResults(turn: readonly Placed[]): Map<string, { block: McpToolResultBlock; path: string }> {
  const found = new Map<string, { block: McpToolResultBlock; path: string }>()
  for (const { message, index } of turn) {
    if (!message.content || typeof message.content === "string") continue
    for (const [n, block] of message.content.entries()) {
      if (block.type !== "mcp_tool_result") continue
      found.set(block.tool_use_id, { block, path: `messages.${index}.content.${n}` })
    }
  }
  return found
}

function toolName({ toolset_name, name }: ToolUseBlock): string {
  return toolset_name ? memberName(toolset_name, name) : name
}

function mcpName({ server_name, name }: McpToolUseBlock): string {
  return memberName(`mcp__${server_name}`, name)
}

/** Text in the making. Blocks that touch are one text (a stream cut in two); others are paragraphs. */
class Text {
  #paragraphs: string[] = []
  #open = false // whether the next words go on with the last paragraph

  add(words: string): void {
    if (!words) return
    if (this.#open) this.#paragraphs.push((this.#paragraphs.pop() ?? "") + words.toWellFormed())
    else this.#paragraphs.push(words.toWellFormed())
    this.#open = true
  }

  pause(): void {
    this.#open = false
  }

  toString(): string {
    return this.#paragraphs.join("\n\n")
  }
}
