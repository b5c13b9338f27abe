/**
 * What the demo backend answers to a chat request: pure, and the same request always gets the same words. It is said
 * in every answer that nobody thought about it.
 */
import { demoValue } from "./value.ts"
import type { ChatMessage, ChatRequest, ChatToolCall, ChatUsage } from "../wires/chat/types.ts"

export interface DemoAnswer {
  /** Reasoning; empty when none was asked for. */
  readonly thought: string
  readonly text: string
  readonly calls: readonly ChatToolCall[]
  readonly finish: "stop" | "length" | "tool_calls"
  /** The stop string that cut the text. */
  readonly stopped: string | undefined
  readonly usage: ChatUsage & { readonly total_tokens: number }
}

const NAME = "This is the demo backend of LLM Proxy, not a language model."
/** Characters of the user's words, and of each tool result, that are repeated. */
const SHOWN = 300
/** A message that says `call x` a thousand times still gets an answer of a decent size. */
const CALLS = 16

export function toAnswer(request: ChatRequest): DemoAnswer {
  const turn = lastTurn(request.messages)
  const chosen = choose(request, turn)
  const effort = request.reasoning_effort
  const thought =
    typeof effort === "string" && effort !== "none"
      ? `I am the demo backend; nothing is really thought here. The effort asked for is ${effort}.`
      : ""
  const limit = request.max_completion_tokens ?? request.max_tokens
  const room = typeof limit === "number" ? Math.max(0, limit) : Infinity
  const thoughtWords = words(thought)
  const full = cutAtStop(toText(request, turn, chosen), request.stop)
  const textWords = words(full.text)
  const left = Math.max(0, room - thoughtWords.length)
  const cut = thoughtWords.length + textWords.length > room
  const calls = cut ? [] : toCalls(request, chosen)
  const said = {
    thought: thoughtWords.slice(0, room).join(""),
    text: textWords.slice(0, left).join(""),
  }
  return {
    ...said,
    calls,
    finish: cut ? "length" : calls.length > 0 ? "tool_calls" : "stop",
    stopped: cut ? undefined : full.stopped,
    usage: toUsage(request, said, calls, room),
  }
}

/** Splits a text into what counts as a token here: a word with the space behind it, long ones in pieces. */
export function words(text: string): string[] {
  return text.match(/\S{1,16}\s*|\s+/gu) ?? []
}

/** What has been said since the assistant spoke last. */
function lastTurn(messages: readonly ChatMessage[]): readonly ChatMessage[] {
  return messages.slice(messages.findLastIndex(({ role }) => role === "assistant") + 1)
}

/** The names of the tools to call, in order. */
function choose(request: ChatRequest, turn: readonly ChatMessage[]): readonly string[] {
  const choice = request.tool_choice
  const offered = offeredNames(request)
  if (choice === "none" || offered.length === 0) return []
  const most = request.parallel_tool_calls === false ? 1 : CALLS
  // Text beside tool results may still hold the words that asked for the call: an agent would never get out again.
  const returned = turn.some(({ role }) => role === "tool")
  const wanted = returned ? [] : askedFor(turn).filter((name) => offered.includes(name))
  if (typeof choice === "object" && choice !== null) {
    return offered.filter((name) => name === choice.function?.name).slice(0, 1)
  }
  if (choice === "required" && wanted.length === 0) return offered.slice(0, 1)
  return wanted.slice(0, most)
}

function askedFor(turn: readonly ChatMessage[]): string[] {
  return [...userText(turn).matchAll(/\bcall\s+["'`]?([\w-]+)/gi)].map(([, name = ""]) => name)
}

function offeredNames(request: ChatRequest): string[] {
  return (request.tools ?? []).map((tool) => tool?.function?.name).filter((name) => typeof name === "string")
}

function toCalls(request: ChatRequest, names: readonly string[]): ChatToolCall[] {
  // Counting on from the history keeps ids unique in a conversation and the answer a function of the request.
  const earlier = request.messages.reduce((sum, message) => sum + callsOf(message).length, 0)
  return names.map((name, n) => {
    const tool = request.tools?.find((one) => one?.function?.name === name)
    const value = demoValue(tool?.function.parameters)
    const object = typeof value === "object" && value !== null && !Array.isArray(value) ? value : {}
    return {
      id: `call_demo_${earlier + n + 1}`,
      type: "function",
      function: { name, arguments: JSON.stringify(object) },
    }
  })
}

function toText(request: ChatRequest, turn: readonly ChatMessage[], calls: readonly string[]): string {
  if (calls.length > 0) return `${NAME} It calls ${calls.join(", ")} with made-up input.`
  if (request.response_format?.type === "json_schema") {
    return JSON.stringify(demoValue(request.response_format.json_schema?.schema))
  }
  const asked = new Map(request.messages.flatMap(callsOf).map((call) => [call.id, call.function.name]))
  const results = turn.flatMap((message) => {
    if (message.role !== "tool") return []
    return [`${asked.get(message.tool_call_id) ?? "a tool"}: ${shorten(textOf(message.content))}`]
  })
  const said = userText(turn)
  return [
    NAME,
    ...(results.length > 0 ? [`The tools returned: ${results.join("; ")}`] : []),
    ...(said ? [`You said: ${shorten(said)}`] : results.length > 0 ? [] : ["You said nothing."]),
    ...sightings(turn),
  ].join(" ")
}

/** Images and files, counted: the demo cannot look into them. */
function sightings(turn: readonly ChatMessage[]): string[] {
  const types = turn.flatMap(({ role, content }) => {
    return role === "user" && Array.isArray(content) ? content.map((part) => part?.type) : []
  })
  const count = (type: string, word: string): string[] => {
    const n = types.filter((one) => one === type).length
    return n === 0 ? [] : [`${n} ${word}${n === 1 ? "" : "s"}`]
  }
  const seen = [...count("image_url", "image"), ...count("file", "file")]
  return seen.length > 0 ? [`(with it: ${seen.join(" and ")})`] : []
}

/** The last user message, without the reminders that agents put into it for the model. */
function userText(turn: readonly ChatMessage[]): string {
  const text = textOf(turn.findLast(({ role }) => role === "user")?.content)
  const [head = "", ...rest] = text.split("<system-reminder>")
  return [head, ...rest.map((part) => part.split("</system-reminder>").slice(1).join(""))].join("").trim()
}

function textOf(content: unknown): string {
  if (typeof content === "string") return content
  if (!Array.isArray(content)) return ""
  const texts = content.map((part: { readonly text?: unknown } | null) => part?.text)
  return texts.filter((text) => typeof text === "string").join("\n")
}

function callsOf(message: ChatMessage): readonly ChatToolCall[] {
  if (message.role !== "assistant" || !Array.isArray(message.tool_calls)) return []
  return message.tool_calls.filter((call) => typeof call?.function === "object")
}

/** Cuts between characters, never inside one. */
function shorten(text: string): string {
  const shown = text.slice(0, SHOWN)
  return text.length > SHOWN ? `${shown.replace(/[\ud800-\udbff]$/, "")}…` : shown
}

/** Where several stop strings match, the one that begins first cuts. */
function cutAtStop(text: string, stop: unknown): { text: string; stopped: string | undefined } {
  const stops = (Array.isArray(stop) ? stop : [stop]).filter((one) => typeof one === "string" && one !== "")
  const first = stops.filter((one) => text.includes(one)).sort((a, b) => text.indexOf(a) - text.indexOf(b))[0]
  if (first === undefined) return { text, stopped: undefined }
  return { text: text.slice(0, text.indexOf(first)), stopped: first }
}

/** About four characters make a token. Pictures and files are left out: their base64 would count by the megabyte. */
function toUsage(
  request: ChatRequest,
  said: { readonly thought: string; readonly text: string },
  calls: readonly ChatToolCall[],
  room: number,
): DemoAnswer["usage"] {
  const tokens = (length: number): number => Math.ceil(length / 4)
  const asked = request.messages.map((message) => textOf(message.content) + argumentsOf(callsOf(message))).join("")
  const input = asked.length + JSON.stringify(request.tools ?? []).length
  const thought = Math.min(tokens(said.thought.length), room)
  const output = tokens(said.thought.length + said.text.length + argumentsOf(calls).length)
  const prompt_tokens = Math.max(1, tokens(input))
  const completion_tokens = Math.max(1, Math.min(output, room))
  return {
    prompt_tokens,
    completion_tokens,
    total_tokens: prompt_tokens + completion_tokens,
    ...(thought > 0 && { completion_tokens_details: { reasoning_tokens: thought } }),
  }
}

function argumentsOf(calls: readonly ChatToolCall[]): string {
  return calls.map((call) => call.function.arguments).join("")
}
