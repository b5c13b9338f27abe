/** What the mock makes sure of before it answers: that the whole request has come, in the API it is spoken to in. */
import type { IncomingHttpHeaders } from "node:http"
import { KEY, mark, readOrder, type Contents, type Order } from "./order.ts"

/** What of a Chat Completions request is looked at. */
interface ChatBody {
  readonly model?: unknown
  readonly system?: unknown
  readonly stream?: unknown
  readonly messages?: readonly {
    readonly role?: unknown
    readonly content?: unknown
    readonly tool_calls?: readonly { readonly id?: unknown; readonly function?: { readonly arguments?: unknown } }[]
    readonly tool_call_id?: unknown
  }[]
  readonly tools?: readonly { readonly type?: unknown; readonly function?: { readonly parameters?: unknown } }[]
}

/** @returns the order in the request, or in words what is wrong with the request. */
export function readArrived(text: string, headers: IncomingHttpHeaders, chat: boolean): Order | string {
  const body = JSON.parse(text) as ChatBody
  const found = readOrder(textOf(body.messages?.at(-1)?.content))
  if (!found) return "the last message is not the order"
  const { order, contents } = found
  const fault = marksFault(text, contents) ?? (chat ? chatFault(body, headers, order, contents) : undefined)
  return fault ?? order
}

/** Every text has arrived, once, and in its place. */
function marksFault(text: string, { marks }: Contents): string | undefined {
  const wanted = Array.from({ length: marks }, (_, n) => mark(n)).join()
  return (text.match(/<mark \d+>/g) ?? []).join() === wanted ? undefined : "texts are missing or out of order"
}

function chatFault(
  body: ChatBody,
  headers: IncomingHttpHeaders,
  order: Order,
  { tools, calls }: Contents,
): string | undefined {
  if (JSON.stringify(headers).includes(KEY)) return "the client's key has come through"
  if (body.system !== undefined) return "passed through: a system prompt in Anthropic's place"
  if ((body.stream ?? false) !== (order.shape !== "whole")) return "streaming is not what was asked for"
  const sent = body.tools ?? []
  if (sent.length !== tools) return `${tools} tools were sent, ${sent.length} came`
  const areFunctions = sent.every((tool) => tool.type === "function" && typeof tool.function?.parameters === "object")
  if (!areFunctions) return "tools that are not functions"
  return historyFault(body, calls)
}

/** Each call with arguments as text, and right behind it its result. */
function historyFault({ messages = [] }: ChatBody, calls: number): string | undefined {
  let open: unknown
  let seen = 0
  for (const { role, tool_calls = [], tool_call_id } of messages) {
    if (role === "tool" && (open === undefined || tool_call_id !== open)) return "a tool result without its call"
    if (role !== "tool" && open !== undefined) return "a call without its result"
    open = undefined
    for (const call of tool_calls) {
      if (typeof call.function?.arguments !== "string") return "arguments that are not text"
      open = call.id
      seen++
    }
  }
  if (messages[0]?.role !== "system") return "no system message"
  return seen === calls ? undefined : `${calls} calls were sent, ${seen} came`
}

/** A string, or the texts of parts. */
function textOf(content: unknown): string {
  if (typeof content === "string") return content
  return Array.isArray(content) ? content.map((part: { readonly text?: string }) => part.text ?? "").join("\n") : ""
}
