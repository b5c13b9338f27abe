/**
 * Recognises, in every backend's wording, that a request did not fit: the prompt is too long, or the prompt and
 * `max_tokens` together are, or `max_tokens` alone is. These are three different things to a client: it compacts on
 * the first, and asks again for less on the others.
 *
 * Source: the texts Claude Code 2.1.330 acts on, measured; CCR#1799, Floway#166, harbor#1619.
 */

const NUMBER = String.raw`([\d,_]+)`

/** `max_tokens` alone is more than the model can give: [asked, most]. */
const OUTPUT: readonly RegExp[] = [
  // OpenAI: max_tokens is too large: 128000. This model supports at most 16384 completion tokens
  new RegExp(String.raw`max(?:_completion|_output)?_tokens\W.*?too large:? ${NUMBER}.*?at most ${NUMBER} (?:completion|output) tokens`, "is"),
  // Anthropic and those who copy it: max_tokens: 9000 > 8192, which is the maximum allowed number of output tokens
  new RegExp(String.raw`max_tokens: ${NUMBER} > ${NUMBER}`, "i"),
]

/** Prompt and answer together: named groups a (prompt), b (answer), c (window). */
const TOGETHER: readonly RegExp[] = [
  // OpenAI, vLLM, DeepSeek: maximum context length is 8192 tokens. However, you requested 9000 tokens (5000 in the messages, 4000 in the completion)
  /context length (?:is|of) (?<c>[\d,_]+) tokens.*?\((?:about )?(?<a>[\d,_]+) (?:in the messages|in the prompt|of text input|in your prompt)[^)]*?(?<b>[\d,_]+) (?:in the completion|for the completion|in the output|of output)/is,
  // vLLM: maximum context length is 4096 tokens and your request has 12 input tokens (8192 > 4096 - 12)
  /context length is (?<c>[\d,_]+) tokens and your request has (?<a>[\d,_]+) input tokens \((?<b>[\d,_]+) >/is,
  // vLLM: You passed 5000 input tokens and requested 100 output tokens. However, the model's context length is only 4096 tokens
  /passed (?<a>[\d,_]+) input tokens and requested (?<b>[\d,_]+) output tokens.*?context length is only (?<c>[\d,_]+)/is,
  // Anthropic: input length and `max_tokens` exceed context limit: 190000 + 21333 > 200000
  /exceed context limit: (?<a>[\d,_]+) \+ (?<b>[\d,_]+) > (?<c>[\d,_]+)/is,
]

/** The prompt alone: named groups a (prompt) and c (window), where the text tells them. */
const PROMPT: readonly RegExp[] = [
  /prompt is too long: (?<a>[\d,_]+) tokens > (?<c>[\d,_]+)/i,
  /context length (?:is|of) (?<c>[\d,_]+) tokens.*?(?:requested|resulted in|has|contains)(?: about)? (?<a>[\d,_]+)/is,
  /input token count (?:\((?<a>[\d,_]+)\) )?exceeds the maximum number of tokens allowed(?: \((?<c>[\d,_]+)\))?/i, // Gemini
  /prompt contains (?<a>[\d,_]+) tokens.*?too large for model with (?<c>[\d,_]+) maximum context length/is, // Mistral
  /request \((?<a>[\d,_]+) tokens\) exceeds the available context size \((?<c>[\d,_]+) tokens\)/i, // llama.cpp
  /exceeds? the (?:available )?context (?:size|window|length|limit)/i,
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
  for (const pattern of OUTPUT) {
    const [, asked, most] = pattern.exec(message) ?? []
    if (asked && most) {
      return `max_tokens: ${digits(asked)} > ${digits(most)}, which is the maximum allowed number of output tokens for ${model}`
    }
  }
  for (const pattern of TOGETHER) {
    const { a, b, c } = pattern.exec(message)?.groups ?? {}
    if (!a || !b || !c) continue
    if (digits(a) > digits(c)) return tooLong(a, c)
    return `input length and \`max_tokens\` exceed context limit: ${digits(a)} + ${digits(b)} > ${digits(c)}, decrease input length or \`max_tokens\` and try again`
  }
  for (const pattern of PROMPT) {
    const found = pattern.exec(`${message} ${code}`)
    if (!found) continue
    const { a, c } = found.groups ?? {}
    return a && c ? tooLong(a, c) : `prompt is too long: ${message.slice(0, 500) || "the backend gave no numbers"}`
  }
  return undefined
}

function tooLong(tokens: string, most: string): string {
  return `prompt is too long: ${digits(tokens)} tokens > ${digits(most)} maximum`
}

function digits(text: string): number {
  return Number(text.replace(/[,_]/g, ""))
}
