/** The blocks of a user message or of a tool result → parts. */
import type { ContentBlock, ImageBlock } from "../../anthropic/types.ts"
import { badRequest } from "../../error.ts"
import { printable } from "../../log.ts"
import type { CacheMark } from "./cache-marks.ts"
import { toDocumentParts, toSearchResultPart } from "./documents.ts"
import { toImagePart } from "./images.ts"
import { fitName } from "./names.ts"
import type { Part } from "./part.ts"
import type { Scope } from "./scope.ts"
import { textPart } from "./text.ts"

/**
 * The parts, in order; empty texts are left out.
 *
 * @param where What a user says last must reach the model whole, so what cannot is a 400. What a user said earlier, to
 * another model, and what a tool gave must not stop what goes on: there a placeholder and a note take its place.
 * @throws {ProxyError} 400 with the block's path.
 */
export function toParts(
  content: string | readonly ContentBlock[] | null | undefined,
  path: string,
  where: "user" | "earlier" | "tool_result",
  scope: Scope,
): Part[] {
  if (typeof content === "string") return content ? [textPart(content)] : []
  const parts: Part[] = []
  let references: string[] = [] // of the tools named by the references just before
  for (const [n, block] of (content ?? []).entries()) {
    if (block.type === "tool_reference") {
      // Claude Code's tool search breaks when its result is empty, so the tools are named.
      references.push(`Tool ${fitName(block.tool_name, scope.profile.tool_name_max)} is now available.`)
      if (scope.marks?.has(block)) flush(scope.marks.get(block))
      continue
    }
    flush()
    const before = parts.length
    add(block, `${path}.${n}`)
    const last = parts.at(-1)
    const mark = scope.marks?.get(block)
    if (mark && last && parts.length > before) parts.splice(-1, 1, { ...last, mark })
  }
  flush()
  return parts

  function flush(mark?: CacheMark): void {
    if (references.length > 0) parts.push(textPart(references.join("\n"), mark))
    references = []
  }

  function add(block: ContentBlock, at: string): void {
    switch (block.type) {
      case "text":
        if (block.text) parts.push(textPart(block.text))
        return
      case "image":
        parts.push(image(block, at))
        return
      case "document": {
        if (block.citations?.enabled) scope.note(CITATIONS)
        const fitted = toDocumentParts(block, scope.profile, (inner, n) => image(inner, `${at}.source.content.${n}`))
        if ("refused" in fitted) parts.push(omitted("document", fitted.refused, at))
        else for (const part of fitted.parts) parts.push(part) // spread into a call, 100,000 of them are too many
        return
      }
      case "search_result":
        if (block.citations?.enabled) scope.note(CITATIONS)
        parts.push(toSearchResultPart(block))
        return
      case "browser_state":
        parts.push(textPart(JSON.stringify({ tabs: block.tabs, state_changes: block.state_changes ?? undefined })))
        return
      case "container_upload":
        throw badRequest(at, "container_upload needs Anthropic's code execution, which is not available here")
      case "tool_result":
        if (where !== "tool_result") return // went ahead as a tool message
    }
    const place = where === "tool_result" ? "tool result" : "user message"
    throw badRequest(at, `a "${printable(block.type)}" block cannot stand in a ${place}`)
  }

  function image(block: ImageBlock, at: string): Part {
    const fitted = toImagePart(block, scope.profile)
    return "refused" in fitted ? omitted("image", fitted.refused, at) : fitted.part
  }

  function omitted(kind: string, why: string, at: string): Part {
    if (where === "user") throw badRequest(at, why)
    scope.note(`an omitted ${kind} of ${where === "earlier" ? "an earlier message" : "a tool result"}: ${why}`)
    return textPart(`[${kind} omitted: ${why}]`)
  }
}

const CITATIONS = "citations are not available: the answer will have none"
