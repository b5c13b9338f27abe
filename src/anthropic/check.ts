/**
 * Rules that no single field shows: what is refused although it is well formed, and what fields say about each other.
 */
import { badRequest, ProxyError } from "../error.ts"
import { printable } from "../log.ts"
import { isFields, type Fields } from "./fields.ts"
import type { MessageRequest } from "./types.ts"

/**
 * Refuses features that keep state at Anthropic or move the answer elsewhere. A proxy that ignored them would answer
 * something else than what was asked, and nobody would notice; other unknown fields do no such harm and pass.
 *
 * @throws {ProxyError} 400 that begins with the field's name.
 */
export function refuseFeatures(body: Fields): void {
  const { thread, compaction, container, mcp_servers: servers, billing_policy: billing } = body
  if ((thread ?? null) !== null) {
    // With exactly these details the tool runner of `@anthropic-ai/sdk` 1.x tries again at once without threads; when
    // `thread` is ignored its next request has no history, no system and no tools.
    throw new ProxyError(400, "thread: this server keeps no threads; send the whole conversation", {
      details: { error_code: "thread_unsupported_request", unsupported: [] },
    })
  }
  if ((compaction ?? null) !== null) {
    throw badRequest("compaction", "is not supported here; ask for a summary in a message of your own")
  }
  if (isFields(container) && Array.isArray(container["skills"]) && container["skills"].length > 0) {
    throw badRequest("container", "skills run on Anthropic's servers and are not supported here")
  }
  if ((servers ?? null) !== null && !(Array.isArray(servers) && servers.length === 0)) {
    throw badRequest("mcp_servers", "MCP servers are called by Anthropic's servers, which is not supported here")
  }
  if (isFields(billing) && billing["bill_to"] === "user_profile") {
    throw badRequest("billing_policy", "billing to a user profile is not supported here")
  }
}

/** @throws {ProxyError} 400 when two tools share a name, or `tool_choice` asks for one that is not there. */
export function checkTools({ tools, tool_choice: choice }: Pick<MessageRequest, "tools" | "tool_choice">): void {
  const names = new Set<string>()
  let nameless = false
  for (const { type, name = toolsetOf(type) } of tools ?? []) {
    if (name === undefined) nameless = true
    else if (names.has(name)) throw badRequest("tools", "Tool names must be unique.")
    else names.add(name)
  }
  if (choice?.type !== "any" && choice?.type !== "tool") return
  if (!tools || tools.length === 0) {
    throw badRequest("tool_choice", "a forced tool_choice may only be specified while providing tools")
  }
  const wanted = choice.type === "tool" ? choice.name : undefined
  // A toolset brings tools that are not listed.
  if (wanted === undefined || nameless || names.has(wanted) || tools.some(({ type }) => toolsetOf(type))) return
  throw badRequest("tool_choice", `Tool '${printable(wanted)}' not found in provided tools`)
}

/** `computer` of `computer_toolset_20260801`, an entry that has no other name. */
function toolsetOf(type: string | null | undefined): string | undefined {
  return /^([a-z]+)_toolset_\d+$/.exec(type ?? "")?.[1]
}

/** @throws {ProxyError} 400 when nothing would be left of the answer after thinking. */
export function checkThinking({ thinking, max_tokens }: Pick<MessageRequest, "thinking" | "max_tokens">): void {
  if (thinking?.type !== "enabled" || thinking.budget_tokens === undefined) return
  if (thinking.budget_tokens < max_tokens) return
  throw badRequest("max_tokens", `must be greater than thinking.budget_tokens, which is ${thinking.budget_tokens}`)
}
