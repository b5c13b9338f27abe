/** Which calls of a conversation lack the thinking that led to them. */
import type { ContentBlock, MessageRequest, ToolUseBlock } from "../../anthropic/types.ts"
import type { Thoughts } from "../replay.ts"
import { toRuns } from "./conversation.ts"

/** The calls of all turns in which no thinking block opens: the client was shown none, or has dropped it. */
export function callsToRecall({ messages }: MessageRequest, open: Thoughts["open"]): readonly ToolUseBlock[] {
  return toRuns(messages).flatMap((run) => {
    if (run[0]?.message.role !== "assistant") return []
    const blocks = run.flatMap(({ message }): readonly ContentBlock[] => {
      return typeof message.content === "string" ? [] : (message.content ?? [])
    })
    if (blocks.some((block) => block.type === "thinking" && open(block))) return []
    return blocks.filter((block) => block.type === "tool_use")
  })
}
