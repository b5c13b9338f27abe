/** The names that tools have at the backend, and which tools of the client's they are: for the way back. */
import type { MessageRequest } from "../../anthropic/types.ts"
import { toolKind } from "./anthropic-tools.ts"
import { fitName, memberName } from "./names.ts"

/** A tool as the client's `tool_use` blocks name it. */
export interface OriginalName {
  readonly name: string
  readonly toolset?: string
}

/** The tools of this request that are named otherwise at the backend, by their name there. */
export function originalNames({ tools }: MessageRequest, max: number): ReadonlyMap<string, OriginalName> {
  const names = new Map<string, OriginalName>()
  for (const { type, name } of tools ?? []) {
    if (name !== undefined && name.length > max) names.set(fitName(name, max), { name })
    const known = type ? toolKind(type) : undefined
    if (known?.kind !== "toolset") continue
    const toolset = known.toolset.name
    // Members that are not enabled, too: a model may have seen one in the history, and the client knows what to say.
    for (const member of Object.keys(known.toolset.members)) {
      names.set(fitName(memberName(toolset, member), max), { name: member, toolset })
    }
  }
  return names
}
