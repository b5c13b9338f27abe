/** What holds wherever the proxy is embedded: it streams, it lets go, and its errors are its own. */
import { describe, expect, test } from "vitest"
import { chunks, controlled, error, type Controlled } from "../_backend.ts"
import { delta, eventsIn } from "../_proxy.ts"
import { KEY, type Embedded } from "./_server.ts"

const HELLO = { model: "claude-sonnet-4-5", max_tokens: 50, messages: [{ role: "user", content: "Hello" }] }

/**
 * @param embedded The example that runs, once the tests of the file have begun.
 * @param told Whether the platform tells of a client that leaves while nothing is written to it.
 */
export function describeEmbedded(embedded: () => Embedded, told = true): void {
  const ask = (path: string, body: unknown, init: { key?: string; signal?: AbortSignal } = {}): Promise<Response> =>
    fetch(embedded().url + path, {
      method: "POST",
      headers: { "content-type": "application/json", ...(init.key !== "" && { "x-api-key": init.key ?? KEY }) },
      body: typeof body === "string" ? body : JSON.stringify(body),
      ...(init.signal && { signal: init.signal }),
    })

  describe("the proxy, embedded,", () => {
    test("sends events one by one, as the backend says them", async () => {
      const script = play(embedded())
      const asking = ask("/v1/messages", { ...HELLO, stream: true })
      await script.opened
      script.push(delta({ role: "assistant", content: "one " }))
      const { body, status } = await asking
      const reader = readerOf(body)
      const first = await readUntil(reader, "one ")
      script.push(delta({ content: "two" }))
      const second = await readUntil(reader, "two")
      script.push(delta({}, "stop"))
      script.push("data: [DONE]\n\n")
      script.end()
      const events = eventsIn(first + second + (await readUntil(reader)))
      const said = events.flatMap((event) => (event.type === "content_block_delta" ? [event.delta] : []))
      expect([status, said]).toEqual([200, [{ type: "text_delta", text: "one " }, { type: "text_delta", text: "two" }]])
      expect(events.map(({ type }) => type)).toEqual([
        "message_start",
        "content_block_start",
        "content_block_delta",
        "content_block_delta",
        "content_block_stop",
        "message_delta",
        "message_stop",
      ])
    })

    test("a client that leaves a stream leaves the backend, too", async () => {
      const script = play(embedded())
      const leave = new AbortController()
      const asking = ask("/v1/messages", { ...HELLO, stream: true }, { signal: leave.signal })
      await script.opened
      script.push(delta({ role: "assistant", content: "one " }))
      await readUntil(readerOf((await asking).body), "one ")
      leave.abort()
      expect(await script.closed).toBe(true)
    })

    test.runIf(told)("a client that leaves before the answer has begun leaves the backend, too", async () => {
      const script = play(embedded())
      const leave = new AbortController()
      const asking = ask("/v1/messages", HELLO, { signal: leave.signal })
      await script.opened
      leave.abort()
      await expect(asking).rejects.toThrow("aborted")
      expect(await script.closed).toBe(true)
    })

    test("a long prompt arrives whole, and its answer too", async () => {
      const { backend } = embedded()
      backend.play(chunks([delta({ role: "assistant", content: "It is long: ü." }), delta({}, "stop")]))
      const content = "ü — long ".repeat(40_000)
      const response = await ask("/v1/messages", { ...HELLO, messages: [{ role: "user", content }] })
      const { content: said } = (await response.json()) as { content: unknown }
      expect([response.status, said]).toEqual([200, [{ type: "text", text: "It is long: ü.", citations: null }]])
      expect(backend.asked.at(-1)).toMatchObject({
        path: "/v1/chat/completions",
        headers: { authorization: "Bearer sk-backend" },
        body: { model: "gpt-5.1", messages: [{ role: "user", content }] },
      })
    })

    test("errors have Anthropic's shape", async () => {
      embedded().backend.play(error(429, "slow down", { "retry-after": "7" }))
      const answers = [
        await ask("/v1/messages", HELLO, { key: "" }),
        await ask("/v1/messages", "{"),
        await ask("/v1/nothing", {}),
        await ask("/v1/messages", HELLO),
      ]
      const told = answers.map(async (response) => {
        const { type, error, request_id } = await response.json()
        return [response.status, type, error.type, request_id === response.headers.get("request-id")]
      })
      expect(await Promise.all(told)).toEqual([
        [401, "error", "authentication_error", true],
        [400, "error", "invalid_request_error", true],
        [404, "error", "not_found_error", true],
        [429, "error", "rate_limit_error", true],
      ])
      expect(answers.at(-1)?.headers.get("retry-after")).toBe("7")
    })
  })
}

function play({ backend }: Embedded): Controlled {
  const script = controlled()
  backend.play(script)
  return script
}

function readerOf(body: ReadableStream<Uint8Array> | null): ReadableStreamDefaultReader<Uint8Array> {
  if (!body) throw new Error("the answer has no body")
  return body.getReader()
}

/** What comes until a text has come, or until the end. Waits for ever where a stream is held back. */
async function readUntil(reader: ReadableStreamDefaultReader<Uint8Array>, text?: string): Promise<string> {
  for (let read = ""; ; ) {
    const { done, value } = await reader.read()
    if (done) return read
    read += Buffer.from(value).toString()
    if (text !== undefined && read.includes(text)) return read
  }
}
