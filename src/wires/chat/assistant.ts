/** Assistant turns → assistant messages. */
import type {
  ContentBlock,
  McpToolResultBlock,
  McpToolUseBlock,
  ToolUseBlock,
} from "../../anthropic/types.ts"
import { badRequest } from "../../error.ts"
import { printable } from "../../log.ts"
import { fitId, fitName } from "./names.ts"
import type { Scope } from "./scope.ts"
import { toServerCallText, toServerResultText } from "./server-tools.ts"
import { toToolAnswer } from "./tool-results.ts"
import type { Placed } from "./turns.ts"
import type { ChatMessage, ChatToolCall } from "./types.ts"

/**
 * Adds one turn, which may be several assistant messages in a row: Anthropic takes them for one, and between a call
 * and its result Chat Completions allows no other message.
 *
 * @returns The ids of the calls whose results must follow, in order, as the client wrote them.
 * @throws {ProxyError} 400 with the path of a block that has no equal.
 */
export function addAssistantTurn(turn: readonly Placed[], scope: Scope, out: ChatMessage[]): readonly string[] {
  const { tool_name_max, tool_id_max } = scope.profile
  const calls: ToolUseBlock[] = []
  let text = new Text()
  let mcpCalls: McpToolUseBlock[] = []
  const mcpResults = findMcpResults(turn)
  for (const { message, index } of turn) {
    text.pause()
    if (typeof message.content === "string") say(message.content)
    else for (const [n, block] of (message.content ?? []).entries()) add(block, `messages.${index}.content.${n}`)
  }
  closeMcp()
  push(calls.map((call) => toCall(call.id, call.name, call.input)))
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
      case "thinking": // signed for a model that is not the backend's; as text it would pass for an answer
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

  /** What Anthropic called and answered within one turn becomes a call and its tool message, before what follows. */
  function closeMcp(): void {
    if (mcpCalls.length === 0) return
    const closed = mcpCalls
    mcpCalls = []
    push(closed.map((call) => toCall(call.id, mcpName(call), call.input)))
    const answers = closed.map(({ id }) => {
      const found = mcpResults.get(id)
      const block = found?.block ?? ({ type: "mcp_tool_result", tool_use_id: id } as const)
      return toToolAnswer(block, found?.path ?? "", fitId(id, tool_id_max), scope)
    })
    for (const { message } of answers) out.push(message)
    const media = answers.flatMap((answer) => answer.media)
    if (media.length > 0) out.push({ role: "user", content: media })
  }

  function push(tool_calls: readonly ChatToolCall[]): void {
    const content = text.toString() || null
    text = new Text()
    if (tool_calls.length > 0) out.push({ role: "assistant", content, tool_calls })
    else if (content !== null) out.push({ role: "assistant", content })
  }

  function toCall(id: string, name: string, input: unknown): ChatToolCall {
    const fitted = { name: fitName(name, tool_name_max), arguments: JSON.stringify(input ?? {}) }
    return { id: fitId(id, tool_id_max), type: "function", function: fitted }
  }
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

/** Server names are free text; tool names are not. */
function mcpName({ server_name, name }: McpToolUseBlock): string {
  return `mcp__${server_name}__${name}`.replace(/[^a-zA-Z0-9_-]/g, "_")
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
