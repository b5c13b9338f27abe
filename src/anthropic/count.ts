/**
 * How many tokens a request takes. Nobody but the backend knows; these are two estimates of it, which walk the request
 * the same way and differ in the scale they put its parts on. Each block counts: with tool blocks left out, a client
 * that compacts by the count never does (9router#2337).
 */
import { estimateTokens } from "./estimate.ts"
import { imageArea } from "./image-size.ts"
import type { CountRequest } from "./request.ts"
import type { ContentBlock, DocumentBlock, ImageBlock, Message, Tool } from "./types.ts"

/**
 * Tokens the request takes, near the truth: within about 5 % for prose, code and JSON in the vocabularies of today. For
 * `count_tokens`; 5 to 25 ms for 500 KB. Never below 1.
 */
export function countTokens(request: CountRequest): number {
  return weigh(request, createExactScale())
}

/**
 * A guess from lengths alone, 4 characters a token, for usage that a backend did not tell. Too low by half for dense
 * JSON and more for Chinese. Some 70 µs for 300 KB. Never below 1.
 */
export function guessTokens(request: CountRequest): number {
  return weigh(request, LENGTH_SCALE)
}

/** Whether there are images or PDF in it: what they weigh no text tells. */
export function showsPictures({ messages }: CountRequest): boolean {
  return messages.some(({ content }) => Array.isArray(content) && content.some(isPicture))
}

/** What things weigh, in tokens; fractions are rounded at the end. */
interface Scale {
  text(text: string): number
  /** A JSON value, as a model is told of it. */
  json(value: unknown): number
  image(block: ImageBlock): number
}

/** What chat templates put around a message and around a block that becomes one. */
const PER_MESSAGE = 4
const PER_BLOCK = 2
/** Framing of a tool's declaration. */
const PER_TOOL = 8
/**
 * What a request does not show of Anthropic's own tools: by their documentation 245 for bash, 700 for the editor. A
 * toolset is a function for each of its members.
 */
const TYPED_TOOL = 400
const TOOLSETS: readonly (readonly [beginning: string, tokens: number])[] = [
  ["computer_toolset_", 1700],
  ["browser_toolset_", 4500],
]
/** An image of the largest size that is not scaled down; also for those whose size is not known. */
const IMAGE = 1600
/** Anthropic's formula: pixels a token. */
const PIXELS = 750
/**
 * A page of a PDF: 1,500 to 3,000 tokens, says Anthropic's documentation. How many pages there are is not to be had
 * without reading the file; with its fonts and pictures a page commonly takes some 50 KB of it.
 */
const PDF_PAGE = 2250
const PDF_PAGE_BYTES = 50_000
const PDF_PAGES_MAX = 100
const CHARS_PER_TOKEN = 4

function weigh({ system, messages, tools, output_config, output_format }: CountRequest, scale: Scale): number {
  let sum = 0
  if (system) sum += PER_MESSAGE + contentTokens(system, scale)
  const turn = messages.findLastIndex(isAsked)
  for (const [n, { content }] of messages.entries()) {
    sum += PER_MESSAGE + contentTokens(n < turn ? withoutThinking(content) : content, scale)
  }
  for (const tool of tools ?? []) sum += toolTokens(tool, scale)
  const format = output_config?.format ?? output_format
  if (format) sum += scale.json(format.schema)
  return Math.max(1, Math.ceil(sum))
}

/** Thinking is read again within the turn it belongs to; of earlier turns Anthropic's API leaves it out. */
function withoutThinking(content: Message["content"]): Message["content"] {
  return typeof content === "string" ? content : content?.filter(({ type }) => type !== "thinking")
}

/** Whether the user begins a turn here, rather than giving a call its result. */
function isAsked({ role, content }: Message): boolean {
  if (role !== "user") return false
  return typeof content === "string" || !content?.some(({ type }) => type === "tool_result")
}

function isPicture(block: ContentBlock): boolean {
  if (block.type === "image") return true
  if (block.type === "tool_result") return Array.isArray(block.content) && block.content.some(isPicture)
  if (block.type !== "document") return false
  const { source } = block
  if (source.type === "content") return Array.isArray(source.content) && source.content.some(isPicture)
  return source.type !== "text"
}

function contentTokens(content: string | readonly ContentBlock[] | null | undefined, scale: Scale): number {
  if (typeof content === "string") return scale.text(content)
  let sum = 0
  for (const block of content ?? []) sum += PER_BLOCK + blockTokens(block, scale)
  return sum
}

function blockTokens(block: ContentBlock, scale: Scale): number {
  switch (block.type) {
    case "text":
      return scale.text(block.text)
    case "thinking":
      return scale.text(block.thinking) // the signature is nothing a model reads
    case "redacted_thinking":
      return 0
    case "tool_use":
      return scale.text(block.name) + scale.json(block.input)
    case "tool_result":
      return contentTokens(block.content, scale)
    case "image":
      return scale.image(block)
    case "document":
      return documentTokens(block, scale)
    case "search_result":
      return scale.text(block.source) + scale.text(block.title) + contentTokens(block.content, scale)
    default:
      return opaqueTokens(block, scale)
  }
}

function documentTokens({ source, title, context }: DocumentBlock, scale: Scale): number {
  const frame = scale.text(title ?? "") + scale.text(context ?? "")
  if (source.type === "text") return frame + scale.text(source.data)
  if (source.type === "content") return frame + contentTokens(source.content, scale)
  if (source.type !== "base64") return frame + PDF_PAGE
  const pages = Math.ceil((source.data.length * 0.75) / PDF_PAGE_BYTES)
  return frame + PDF_PAGE * Math.min(pages, PDF_PAGES_MAX)
}

function toolTokens(tool: Tool, scale: Scale): number {
  const { type, name, description, input_schema, input_examples } = tool
  if (type && type !== "custom") {
    const [, known = TYPED_TOOL] = TOOLSETS.find(([beginning]) => type.startsWith(beginning)) ?? []
    return PER_TOOL + known + scale.json(tool)
  }
  const examples = input_examples ? scale.json(input_examples) : 0
  return PER_TOOL + scale.text(name ?? "") + scale.text(description ?? "") + scale.json(input_schema) + examples
}

/** A block of Anthropic's servers or an unknown one: its texts, without what is encrypted or binary in it. */
function opaqueTokens(value: unknown, scale: Scale): number {
  if (typeof value === "string") return /^[\w+/=-]{256}/.test(value) ? 0 : scale.text(value)
  if (typeof value !== "object" || value === null) return 1
  let sum = 0
  for (const item of Object.values(value)) sum += opaqueTokens(item, scale)
  return sum
}

/**
 * The first two million characters of a request are looked at, 100 ms of work at most; what is beyond goes by the rate so
 * far, so that a body of 32 MB does not stop the process for a second.
 */
function createExactScale(): Scale {
  let left = 2_000_000
  let chars = 0
  let tokens = 0
  const text = (whole: string): number => {
    const part = whole.length > left ? whole.slice(0, left) : whole
    left -= part.length
    const exact = estimateTokens(part)
    chars += part.length
    tokens += exact
    return part === whole ? exact : exact + (whole.length - part.length) * (tokens / chars)
  }
  return {
    text,
    json: (value) => text(JSON.stringify(value) ?? ""),
    image({ source }) {
      const area = source.type === "base64" ? imageArea(source.data) : undefined
      return area === undefined ? IMAGE : Math.min(IMAGE, Math.ceil(area / PIXELS))
    },
  }
}

const LENGTH_SCALE: Scale = {
  text: (text) => text.length / CHARS_PER_TOKEN,
  json: (value) => jsonLength(value) / CHARS_PER_TOKEN,
  image: () => IMAGE,
}

/** About the length of the value's JSON, at a seventh of the cost of writing it. */
function jsonLength(value: unknown): number {
  if (typeof value === "string") return value.length + 2
  if (typeof value !== "object" || value === null) return 4
  let sum = 2
  if (Array.isArray(value)) for (const item of value) sum += jsonLength(item) + 1
  else for (const key in value) sum += key.length + 4 + jsonLength((value as Record<string, unknown>)[key])
  return sum
}
