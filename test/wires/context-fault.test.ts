/** "It does not fit", as backends say it, and in the words that clients act on. */
import { expect, test } from "vitest"
import { contextFault } from "../../src/wires/context-fault.ts"

const tooLong = (a: number, c: number) => `prompt is too long: ${a} tokens > ${c} maximum`
const together = (a: number, b: number, c: number) =>
  `input length and \`max_tokens\` exceed context limit: ${a} + ${b} > ${c}, decrease input length or \`max_tokens\` and try again`
const output = (a: number, b: number) =>
  `max_tokens: ${a} > ${b}, which is the maximum allowed number of output tokens for m`

const TABLE: readonly (readonly [backend: string, said: string, told: string])[] = [
  [
    "OpenAI, Azure: the messages",
    "This model's maximum context length is 8192 tokens. However, your messages resulted in 9000 tokens. Please reduce the length of the messages.",
    tooLong(9000, 8192),
  ],
  [
    "OpenAI: messages and functions",
    "This model's maximum context length is 16385 tokens. However, your messages resulted in 20096 tokens (19000 in the messages, 1096 in the functions). Please reduce the length of the messages or functions.",
    tooLong(20096, 16385),
  ],
  [
    "OpenAI: messages, functions and completion",
    "This model's maximum context length is 16385 tokens. However, you requested 17000 tokens (12000 in the messages, 1000 in the functions, and 4000 in the completion). Please reduce the length of the messages, functions, or completion.",
    together(13000, 4000, 16385),
  ],
  [
    "OpenAI, GPT-5",
    "Input tokens exceed the configured limit of 272000 tokens. Your messages resulted in 312677 tokens. Please reduce the length of the messages.",
    tooLong(312677, 272000),
  ],
  [
    "OpenAI: max_tokens",
    "max_tokens is too large: 128000. This model supports at most 16384 completion tokens, whereas you provided 128000.",
    output(128000, 16384),
  ],
  [
    "OpenAI: max_completion_tokens",
    "max_completion_tokens is too large: 200000. This model supports at most 128000 completion tokens, whereas you provided 200000.",
    output(200000, 128000),
  ],
  [
    "OpenAI, old",
    "This model's maximum context length is 8192 tokens, however you requested 8977 tokens (8977 in your prompt; 0 for the completion). Please reduce your prompt; or completion length.",
    tooLong(8977, 8192),
  ],
  [
    "older vLLM (vllm#20409): the prompt alone is too much",
    "This model's maximum context length is 16384 tokens. However, you requested 122946 tokens (112946 in the messages, 10000 in the completion). Please reduce the length of the messages or completion.",
    tooLong(112946, 16384),
  ],
  [
    "older vLLM: both together",
    "This model's maximum context length is 4096 tokens. However, you requested 4100 tokens (100 in the messages, 4000 in the completion). Please reduce the length of the messages or completion.",
    together(100, 4000, 4096),
  ],
  [
    "vLLM: max_tokens",
    "'max_tokens' or 'max_completion_tokens' is too large: 8192. This model's maximum context length is 4096 tokens and your request has 12 input tokens (8192 > 4096 - 12).",
    together(12, 8192, 4096),
  ],
  [
    "vLLM: the prompt",
    "This model's maximum context length is 4096 tokens. However, your request has 5000 input tokens. Please reduce the length of the input messages.",
    tooLong(5000, 4096),
  ],
  [
    "vLLM: passed and requested",
    "You passed 10243 input tokens and requested 6142 output tokens. However, the model's context length is only 16384 tokens, resulting in a maximum input length of 10242 tokens. Please reduce the length of the input prompt. (parameter=input_tokens, value=10243)",
    together(10243, 6142, 16384),
  ],
  [
    "vLLM: passed more than fits at all",
    "You passed 131073 input tokens and requested 0 output tokens. However, the model's context length is only 131072 tokens, resulting in a maximum input length of 131072 tokens.",
    tooLong(131073, 131072),
  ],
  [
    "vLLM, newest",
    "This model's maximum context length is 8192 tokens. However, you requested 4096 output tokens and your prompt contains at least 4097 input tokens, for a total of at least 8193 tokens. Please reduce the length of the input prompt or the number of requested output tokens.",
    together(4097, 4096, 8192),
  ],
  [
    "TGI, Together",
    "Input validation error: `inputs` tokens + `max_new_tokens` must be <= 4097. Given: 3000 `inputs` tokens and 1512 `max_new_tokens`",
    together(3000, 1512, 4097),
  ],
  [
    "Databricks: max_tokens",
    "max_tokens (10000) cannot exceed 8192. Please reduce the length of max output tokens generated.",
    output(10000, 8192),
  ],
  [
    "OpenAI's Responses: max_output_tokens",
    "Invalid 'max_output_tokens': integer above maximum value. Expected a value <= 128000, but got 200000 instead.",
    output(200000, 128000),
  ],
  [
    "vLLM: the decoder prompt",
    "The decoder prompt (length 12324) is longer than the maximum model length of 8192. Make sure that `max_model_len` is no smaller than the number of text tokens.",
    tooLong(12324, 8192),
  ],
  [
    "SGLang",
    "Requested token count exceeds the model's maximum context length of 8192 tokens. You requested a total of 9000 tokens: 5000 tokens from the input messages and 4000 tokens for the completion. Please reduce the number of tokens in the input messages or the completion to fit within the limit.",
    together(5000, 4000, 8192),
  ],
  [
    "llama.cpp",
    "request (9000 tokens) exceeds the available context size (8192 tokens), try increasing it",
    tooLong(9000, 8192),
  ],
  [
    "llama.cpp, older",
    "the request exceeds the available context size, try increasing it",
    "prompt is too long: the request exceeds the available context size, try increasing it",
  ],
  [
    "Ollama",
    "prompt too long; exceeded max context length by 4096 tokens",
    "prompt is too long: prompt too long; exceeded max context length by 4096 tokens",
  ],
  [
    "Ollama, older",
    "the input length exceeds the context length",
    "prompt is too long: the input length exceeds the context length",
  ],
  [
    "DeepSeek",
    "This model's maximum context length is 131072 tokens. However, you requested 140000 tokens (108000 in the messages, 32000 in the completion). Please reduce the length of the messages or completion.",
    together(108000, 32000, 131072),
  ],
  [
    "Gemini",
    "The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).",
    tooLong(1200000, 1048576),
  ],
  [
    "Gemini, without the count",
    "The input token count exceeds the maximum number of tokens allowed (1048576).",
    "prompt is too long: The input token count exceeds the maximum number of tokens allowed (1048576).",
  ],
  [
    "Mistral",
    "Prompt contains 65673 tokens and 0 draft tokens, too large for model with 32768 maximum context length",
    tooLong(65673, 32768),
  ],
  [
    "Mistral, another",
    "Prompt contains 300000 tokens, too large for model with 131072 maximum context length",
    tooLong(300000, 131072),
  ],
  [
    "Groq",
    "Please reduce the length of the messages or completion.",
    "prompt is too long: Please reduce the length of the messages or completion.",
  ],
  [
    "OpenRouter (OpenHands#9937)",
    'This endpoint\'s maximum context length is 131072 tokens. However, you requested about 138956 tokens (7884 of text input, 131072 in the output). Please reduce the length of either one, or use the "middle-out" transform to compress your prompt automatically.',
    together(7884, 131072, 131072),
  ],
  [
    "OpenRouter with tools (shelley#159): they belong to the prompt",
    "This endpoint's maximum context length is 204800 tokens. However, you requested about 205432 tokens (81684 of text input, 3748 of tool input, 120000 in the output). Please reduce the length of either one",
    together(85432, 120000, 204800),
  ],
  [
    "OpenRouter without an answer's part (cognee#1061)",
    "This endpoint's maximum context length is 16384 tokens. However, you requested about 94307 tokens (94307 of text input). Please reduce the length of either one",
    tooLong(94307, 16384),
  ],
  [
    "Databricks, Bedrock",
    "Input is too long for requested model.",
    "prompt is too long: Input is too long for requested model.",
  ],
  [
    "Together",
    "The input (516368 tokens) is longer than the model's context length (262144 tokens).",
    tooLong(516368, 262144),
  ],
  [
    "xAI",
    "This model's maximum prompt length is 131072 but the request contains 537812 tokens",
    tooLong(537812, 131072),
  ],
  [
    "older Kimi",
    "Invalid request: Your request exceeded model token limit: 8192",
    "prompt is too long: Invalid request: Your request exceeded model token limit: 8192",
  ],
  ["Zhipu (zeroclaw#4124)", "Prompt exceeds max length", "prompt is too long: Prompt exceeds max length"],
  ["Volcengine (dify#32221)", "Input length 203743 exceeds the maximum length 202752", tooLong(203743, 202752)],
  ["Kimi", "Your request exceeded model token limit: 262144 (requested: 300000)", tooLong(300000, 262144)],
  [
    "LM Studio",
    "The number of tokens to keep from the initial prompt is greater than the context length.",
    "prompt is too long: The number of tokens to keep from the initial prompt is greater than the context length.",
  ],
  ["Anthropic", "prompt is too long: 215000 tokens > 200000 maximum", tooLong(215000, 200000)],
  [
    "Anthropic: both together",
    "input length and `max_tokens` exceed context limit: 188240 + 21333 > 200000, decrease input length or `max_tokens` and try again",
    together(188240, 21333, 200000),
  ],
  [
    "Anthropic: max_tokens",
    "max_tokens: 9000 > 8192, which is the maximum allowed number of output tokens for claude-3-5-sonnet",
    output(9000, 8192),
  ],
  ["numbers with separators", "prompt is too long: 215,000 tokens > 200_000 maximum", tooLong(215000, 200000)],
]

test.each(TABLE)("%s", (_backend, said, told) => {
  expect(contextFault(said, "", "m")).toBe(told)
})

test("a code alone tells it too", () => {
  expect(contextFault("", "context_length_exceeded", "m")).toBe("prompt is too long: the backend gave no numbers")
  expect(contextFault("Too much.", "exceed_context_size_error", "m")).toBe("prompt is too long: Too much.")
})

test.each([
  "Invalid value: 'foo'. Supported values are: 'system', 'assistant', 'user'.",
  "Rate limit reached for gpt-4 on tokens per min (TPM): Limit 10000, Used 9000, Requested 2000.",
  "Request too large for model `llama` on tokens per minute (TPM): Limit 6000, Requested 7000, please reduce your message size",
  "max_tokens must be at least 1",
  "string too long. Expected a string with maximum length 40, but got a string with length 60 instead.",
  "The model `x` does not exist",
  "",
])("is not told of %j", (said) => {
  expect(contextFault(said, "", "m")).toBeUndefined()
})
