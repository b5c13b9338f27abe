/** What users of other proxies reported about failures: their words, their shape, and when they come. */
import { expect, test } from "vitest"
import { chunks, controlled, error, json, raw, type Script } from "../_backend.ts"
import { delta, eventsIn } from "../_proxy.ts"
import { useLine } from "./_line.ts"
import { toldUntil } from "./_told.ts"

const line = useLine()

let asked = 0

/** The status and the body of a failure, but for its id. */
async function failure(script: Script, stream = false): Promise<unknown> {
  line.backend.play(script)
  // Another request each time: what was refused a moment ago is not asked again.
  const response = await line.proxy.send({ model: "chat", stream, system: `${asked++}` })
  const { request_id, ...body } = (await response.json()) as { request_id: string }
  expect(request_id).toBe(response.headers.get("request-id"))
  return [response.status, body]
}

function refused(type: string, message: string): unknown {
  return { type: "error", error: { type, message } }
}

test.each<[string, Script, string]>([
  [
    "OpenAI",
    json(400, {
      error: {
        message: "This model's maximum context length is 8192 tokens. However, your messages resulted in 9000 tokens.",
        type: "invalid_request_error",
        param: "messages",
        code: "context_length_exceeded",
      },
    }),
    "prompt is too long: 9000 tokens > 8192 maximum",
  ],
  [
    "vLLM, of prompt and answer",
    error(
      400,
      "'max_tokens' or 'max_completion_tokens' is too large: 32000. This model's maximum context length is 32768 tokens " +
        "and your request has 5000 input tokens (32000 > 32768 - 5000).",
    ),
    "input length and `max_tokens` exceed context limit: 5000 + 32000 > 32768, " +
      "decrease input length or `max_tokens` and try again",
  ],
])("CCR#1799, Floway#166, harbor#1619: too long a prompt is told in the words clients act on (%s)", async (_, script, said) => {
  expect(await failure(script)).toEqual([400, refused("invalid_request_error", said)])
})

test.each([true, false])("cc-switch#2817: a failure has Anthropic's shape and its own type (stream: %s)", async (stream) => {
  expect(await failure(error(429, "slow down"), stream)).toEqual([
    429,
    refused("rate_limit_error", 'backend "chat": slow down'),
  ])
})

const begun = delta({ role: "assistant", content: "half an " })

test("envoy#2698, agent-os#2137, Marinara#2659, imp#1553: a failure in mid-stream is an error and no end", async () => {
  const script = chunks([begun, { error: { message: "provider overloaded", code: 529 } }, delta({}, "stop")])
  expect(await line.stream(script)).toEqual(
    toldUntil({ type: "overloaded_error", message: 'backend "chat": provider overloaded' }, ["text", "half an "]),
  )
})

test("CLIProxyAPI 522b4de54: an end of the connection ahead of the end of the answer is an error", async () => {
  expect(await line.stream(chunks([begun], { done: false }))).toEqual(
    toldUntil(
      { type: "api_error", message: 'backend "chat" closed the connection before its answer was complete' },
      ["text", "half an "],
    ),
  )
})

test("hermes-agent#64554, teamclaude#215: a connection that dies is an error, and the client's is ended", async () => {
  const script = controlled()
  line.backend.play(script)
  const answering = line.proxy.send({ model: "chat", stream: true })
  await script.opened
  script.push(begun)
  const response = await answering
  const [reader, first] = [response.clone(), response.body?.getReader()]
  await first?.read()
  script.cut()
  const events = eventsIn(await reader.text())
  expect(events).toEqual(
    toldUntil({ type: "api_error", message: expect.stringMatching(/^backend "chat" /) }, ["text", "half an "]),
  )
})

test.each<[string, Script, number, unknown]>([
  [
    "envoy#2161: a code that is a number",
    json(400, { error: { message: "no such thing", code: 400 } }),
    400,
    refused("invalid_request_error", 'backend "chat": no such thing'),
  ],
  [
    "agentgateway#1878: plain text",
    text(500, "upstream connect error\n"),
    500,
    refused("api_error", 'backend "chat": upstream connect error'),
  ],
  [
    "ollama#14828: a page of HTML",
    text(502, "<html><head><title>502 Bad Gateway</title></head></html>"),
    502,
    refused("api_error", 'backend "chat": it gave no reason (HTTP 502)'),
  ],
  [
    "CCR#419, #583: nobody can use tools",
    json(404, { error: { message: "No endpoints found that support tool use.", code: 404 } }),
    404,
    refused("not_found_error", 'backend "chat": No endpoints found that support tool use.'),
  ],
])("%s is told in short", async (_what, script, status, body) => {
  expect(await failure(script)).toEqual([status, body])
})

test("envoy#2161: a code that is a number inside a stream is the status", async () => {
  expect(await failure(raw('data: {"error":{"message":"later","code":429}}\n\n'), true)).toEqual([
    429,
    refused("rate_limit_error", 'backend "chat": later'),
  ])
})

function text(status: number, words: string): Script {
  return {
    answer(response) {
      response.writeHead(status, { "content-type": "text/html" })
      response.end(words)
    },
  }
}
