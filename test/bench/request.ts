/** Request bodies as Claude Code sends them: a system prompt, tools with schemas, calls and their results, code. */
import { mark, toText, type Contents, type Order } from "./order.ts"

export interface Size {
  /** About how many KB (1,024 bytes) the body has. */
  readonly kb: number
  readonly tools: number
  /** Pairs of a user's and the assistant's message before the question. */
  readonly turns: number
}

/** A question without a history. */
export const TINY: Size = { kb: 1, tools: 0, turns: 0 }

/** The bytes of a `POST /v1/messages`. */
export function toBody(size: Size, order: Order): Buffer {
  const bare = Buffer.from(JSON.stringify(toRequest(size, order, 0)))
  const texts = size.turns * 2 + 1
  const room = Math.max(0, size.kb * 1024 - bare.byteLength) / texts
  return Buffer.from(JSON.stringify(toRequest(size, order, Math.floor(room / ESCAPED))))
}

/** Quotes, line breaks and a character beyond Latin-1 make a body as dear to read and to write as real ones are. */
const CODE = `  if (name === "read") {\n    return await open(path, { flag: "r" }) // → a handle\n  }\n`

/** Bytes in JSON for each character of {@link CODE}. */
const ESCAPED = (Buffer.byteLength(JSON.stringify(CODE)) - 2) / CODE.length

const CACHED = { cache_control: { type: "ephemeral" } }

function toRequest({ tools, turns }: Size, order: Order, room: number): object {
  let marks = 0
  const text = (words: string) => ({ type: "text", text: `${mark(marks++)} ${words}` })
  const filler = CODE.repeat(Math.ceil(room / CODE.length)).slice(0, room)
  const system = [{ ...text("You are a careful engineer."), ...CACHED }, { ...text(filler), ...CACHED }]
  const messages: object[] = []
  for (let turn = 0; turn < turns; turn++) {
    const before = turn === 0 ? [] : [toResult(turn - 1, `${mark(marks++)} ${filler}`)]
    messages.push({ role: "user", content: [...before, text("Go on, please.")] })
    messages.push({ role: "assistant", content: [text(filler), toCall(turn, tools)] })
  }
  const last = turns === 0 ? [] : [toResult(turns - 1, `${mark(marks++)} ${filler}`)]
  const contents: Contents = { marks, tools, calls: turns }
  messages.push({ role: "user", content: [...last, { type: "text", text: toText(order, contents), ...CACHED }] })
  return {
    model: "bench",
    max_tokens: 32_000,
    system,
    ...(tools > 0 && { tools: Array.from({ length: tools }, (_, n) => toTool(n)) }),
    messages,
    metadata: { user_id: "user_0123456789abcdef_account__session_5f0e1c1e-3b0a-4c39-9d0e-2f6f3f6f1f2e" },
    stream: order.shape !== "whole",
  }
}

function toTool(n: number): object {
  return {
    name: `mcp__workspace__action_${n}`,
    description: `Action ${n}. ${"Use it for files inside the workspace; it says \"denied\" for others.\n".repeat(5)}`,
    input_schema: {
      type: "object",
      properties: {
        path: { type: "string", description: "The absolute path, with / between folders" },
        limit: { type: "integer", minimum: 1, description: "How many lines to read at most" },
        mode: { type: "string", enum: ["read", "write", "append"] },
        edits: {
          type: "array",
          items: {
            type: "object",
            properties: { from: { type: "string" }, to: { type: "string" } },
            required: ["from", "to"],
          },
        },
      },
      required: ["path"],
      additionalProperties: false,
    },
  }
}

function toCall(turn: number, tools: number): object {
  const input = { path: `/srv/app/file-${turn}.ts`, limit: 200, edits: [{ from: 'a "b"', to: "c\n" }] }
  return { type: "tool_use", id: idOf(turn), name: `mcp__workspace__action_${turn % Math.max(1, tools)}`, input }
}

function toResult(turn: number, content: string): object {
  return { type: "tool_result", tool_use_id: idOf(turn), content: [{ type: "text", text: content }] }
}

function idOf(turn: number): string {
  return `toolu_01${String(turn).padStart(22, "0")}`
}
