/**
 * Recognises, in every backend's wording, that a request did not fit: the prompt is too long, or the prompt and
 * `max_tokens` together are, or `max_tokens` alone is. These are three different things to a client: it compacts on
 * the first, and asks again for less on the others.
 *
 * Source: the texts Claude Code 2.1.330 acts on, measured; CCR#1799, Floway#166, harbor#1619.
 */
import { printable } from "../log.ts"

/** What the number of answer tokens is called, in fields and in prose; never as one part of a sum with the prompt. */
const LIMIT =
  String.raw`(?<!\b(?:prompt|inputs?|messages|sum)\b[^.]{0,80})` +
  String.raw`\bmax(?:imum)?[ _]?(?:completion|output)?[ _]?tokens\b`

/** `max_tokens` alone is more than the model can give: named groups a (asked), where it is told, and m (most). */
const OUTPUT: readonly RegExp[] = [
  // OpenAI: max_tokens is too large: 128000. This model supports at most 16384 completion tokens
  String.raw`\W.{0,80}?too large:? (?<a>[\d,_]+).{0,80}?at most (?<m>[\d,_]+) (?:completion|output) tokens`,
  // Anthropic and those who copy it: max_tokens: 9000 > 8192, which is the maximum allowed number of output tokens
  String.raw`: (?<a>[\d,_]+) > (?<m>[\d,_]+)`,
  // OpenAI's Responses, Volcengine (openclaude#331): integer above maximum value, expected a value <= 12288, but got
  // 32000 instead
  String.raw`.{0,120}?expected a value <= (?<m>[\d,_]+?),? but got (?<a>[\d,_]+)`,
  // Databricks (databricks-sdk-go#1183): max_tokens (10000) cannot exceed 8192. PPIO (KeywordGacha#111): max_tokens
  // (current value: 4096) must be between 0 and 4000
  String.raw` \((?:current value: )?(?<a>[\d,_]+)\) (?:cannot exceed|must be between \d+ and) (?<m>[\d,_]+)`,
  // Ollama's cloud (kimi-code#1148): max_tokens (131072) exceeds model's maximum output tokens (65536)
  String.raw` \((?<a>[\d,_]+)\) exceeds .{0,40}?maximum output tokens \((?<m>[\d,_]+)\)`,
  // Cohere: max tokens must be less than or equal to 4096, the maximum output for this model - received 8192
  String.raw` must be less than or equal to (?<m>[\d,_]+?), .{0,80}?received (?<a>[\d,_]+)`,
  // pydantic, as in NVIDIA's servers: "loc":["body","max_tokens"],"msg":"Input should be less than or equal to 4096"
  String.raw`"\],.{0,40}?should be less than or equal to (?<m>[\d,_]+)(?:","input":(?<a>\d+))?`,
  // Groq (opencode#1000, groq-moa#8): `max_tokens` must be less than or equal to `16384`
  String.raw`\W(?:[^.:]|\.\d){0,80}?(?:less than or equal to|at most|cannot exceed|not exceed) \W?(?<m>\d[\d,_]*\d)`,
  // DeepSeek (DeepSeek-V3#69), DashScope (open-webui#10507): the valid range of max_tokens is [1, 8192]
  String.raw` (?:is|should be) \[\d+, ?(?<m>[\d,_]+)\]`,
  // Bedrock (bedrock-access-gateway#41): The maximum tokens you requested exceeds the model limit of 2048.
  String.raw` you requested exceeds the model limit of (?<m>[\d,_]+)`,
].map((rest) => new RegExp(LIMIT + rest, "is"))

/** Vertex (bolt.diy#955) names the first number that is too much. */
const BELOW =
  /max_?output_?tokens value of (?<a>[\d,_]+) but the supported range is .{0,30}? to (?<m>[\d,_]+) \(exclusive\)/i

/** Prompt and answer together: named groups a (prompt) or t (both), b (answer), c (window). */
const TOGETHER: readonly RegExp[] = [
  // OpenAI, DeepSeek, older vLLM: maximum context length is 8192 tokens. However, you requested 9000 tokens (5000 in
  // the messages, 4000 in the completion). OpenRouter: requested about 9000 tokens (4000 of text input, 1000 of tool
  // input, 4000 in the output). The prompt is what is left of the whole: tools are told apart from the messages.
  /context length is (?<c>[\d,_]+) tokens.*?requested (?:about )?(?<t>[\d,_]+) tokens \([^)]*?(?<b>[\d,_]+) (?:in|for) the (?:completion|output)/is,
  // vLLM: maximum context length is 4096 tokens and your request has 12 input tokens (8192 > 4096 - 12)
  /context length is (?<c>[\d,_]+) tokens and your request has (?<a>[\d,_]+) input tokens \((?<b>[\d,_]+) >/is,
  // vLLM: You passed 5000 input tokens and requested 100 output tokens. […] the model's context length is only 4096
  /passed (?<a>[\d,_]+) input tokens and requested (?<b>[\d,_]+) output tokens.*?context length is only (?<c>[\d,_]+)/is,
  // newest vLLM: However, you requested 4000 output tokens and your prompt contains at least 5000 input tokens
  /context length is (?<c>[\d,_]+) tokens.*?requested (?<b>[\d,_]+) output tokens and your prompt contains (?:at least )?(?<a>[\d,_]+) input/is,
  // SGLang: context length of 8192 tokens. You requested a total of 9000 tokens: 5000 tokens from the input messages
  // and 4000 tokens for the completion
  /context length of (?<c>[\d,_]+) tokens.*?(?<a>[\d,_]+) tokens from the input messages and (?<b>[\d,_]+) tokens for the completion/is,
  // TGI, Together: `inputs` tokens + `max_new_tokens` must be <= 4097. Given: 5000 `inputs` tokens and 512
  // `max_new_tokens`
  /must be <= (?<c>[\d,_]+)\. Given: (?<a>[\d,_]+) `inputs` tokens and (?<b>[\d,_]+) `max_new_tokens`/i,
  // Anthropic: input length and `max_tokens` exceed context limit: 190000 + 21333 > 200000
  /exceed context limit: (?<a>[\d,_]+) \+ (?<b>[\d,_]+) > (?<c>[\d,_]+)/is,
]

/** The prompt alone: named groups a (prompt) and c (window), where the text tells them. */
const PROMPT: readonly RegExp[] = [
  /prompt is too long: (?<a>[\d,_]+) tokens > (?<c>[\d,_]+)/i,
  /(?:context|prompt) length (?:is|of) (?<c>[\d,_]+) .*?(?:requested|resulted in|has|contains)(?: about)? (?<a>[\d,_]+)/is, // OpenAI, vLLM, xAI
  /exceed the configured limit of (?<c>[\d,_]+) tokens.*?resulted in (?<a>[\d,_]+) tokens/is, // OpenAI's GPT-5
  // vLLM: The decoder prompt (length 9000) is longer than the maximum model length of 8192. Together: The input (9000
  // tokens) is longer than the model's context length (8192 tokens).
  /\((?:length )?(?<a>[\d,_]+)(?: tokens)?\) is longer than the (?:maximum model length of |model's context length \()(?<c>[\d,_]+)/i,
  /exceeded model token limit: (?<c>[\d,_]+)(?: \(requested: (?<a>[\d,_]+)\))?/i, // Kimi, older ones without the count
  // Volcengine (dify#32221): Input length 203743 exceeds the maximum length 202752. Zhipu (zeroclaw#4124): Prompt
  // exceeds max length
  /(?:input length|prompt)(?: (?<a>[\d,_]+))? exceeds (?:the )?max(?:imum)? length(?: (?<c>[\d,_]+))?/i,
  /input token count (?:\((?<a>[\d,_]+)\) )?exceeds the maximum number of tokens allowed(?: \((?<c>[\d,_]+)\))?/i, // Gemini
  /prompt contains (?<a>[\d,_]+) tokens.*?too large for model with (?<c>[\d,_]+) maximum context length/is, // Mistral
  /request \((?<a>[\d,_]+) tokens\) exceeds the available context size \((?<c>[\d,_]+) tokens\)/i, // llama.cpp
  /exceeds? the (?:available )?context (?:size|window|length|limit)/i,
  /(?:longer|greater) than the (?:model's )?context length|longer than the maximum model length/i, // LM Studio, vLLM
  /context window exceeds limit|range of input length should be/i, // MiniMax, DashScope
  /context (?:length|window|size) (?:was |is |has been )?exceeded/i,
  /(?:input|prompt|request) (?:is )?too long/i,
  /maximum (?:prompt|context) length/i,
  /max(?:imum)? context length/i, // Ollama: exceeded max context length by 12 tokens
  /reduce the length of the (?:messages|prompt|input)/i,
  /context_length_exceeded|exceed_context_size_error|context_window_exceeded/i,
]

/**
 * @param model For the message on `max_tokens`.
 * @returns Anthropic's wording, or undefined when the failure is about something else.
 */
export function contextFault(message: string, code: string, model: string): string | undefined {
  const { asked, most } = outputFault(message) ?? {}
  if (asked && most) {
    return `max_tokens: ${asked} > ${most}, which is the maximum allowed number of output tokens for ${model}`
  }
  for (const pattern of TOGETHER) {
    const { a, t, b, c } = pattern.exec(message)?.groups ?? {}
    if (!b || !c) continue
    const prompt = a ? digits(a) : digits(t ?? "") - digits(b)
    if (prompt > digits(c)) return tooLong(prompt, digits(c))
    return `input length and \`max_tokens\` exceed context limit: ${prompt} + ${digits(b)} > ${digits(c)}, decrease input length or \`max_tokens\` and try again`
  }
  for (const pattern of PROMPT) {
    const found = pattern.exec(`${message} ${code}`)
    if (!found) continue
    const { a, c } = found.groups ?? {}
    return a && c ? tooLong(digits(a), digits(c)) : `prompt is too long: ${printable(message, 100_000) || "the backend gave no numbers"}`
  }
  return undefined
}

export interface OutputFault {
  /** What was asked for; undefined when the text does not tell. */
  readonly asked: number | undefined
  /** The most tokens an answer may have. */
  readonly most: number
}

/** What a refusal says of `max_tokens` alone: a limit of the model, whatever the prompt is. */
export function outputFault(message: string): OutputFault | undefined {
  for (const pattern of [...OUTPUT, BELOW]) {
    const { a, m } = pattern.exec(message)?.groups ?? {}
    if (m) return { asked: a ? digits(a) : undefined, most: digits(m) - (pattern === BELOW ? 1 : 0) }
  }
  return undefined
}

function tooLong(tokens: number, most: number): string {
  return `prompt is too long: ${tokens} tokens > ${most} maximum`
}

function digits(text: string): number {
  return Number(text.replace(/[,_]/g, ""))
}
