/** What users of other proxies reported about images and documents. */
import { describe, expect, test } from "vitest"
import { useLine } from "./_line.ts"

const line = useLine({ responses: { api: "responses" }, blind: { flags: { images: "none" } } })

const image = { type: "image", source: { type: "base64", media_type: "image/png", data: "iVBO" } }
const url = "data:image/png;base64,iVBO"
const pdf = { type: "document", source: { type: "base64", media_type: "application/pdf", data: "JVBE" } }
const file = { filename: "document.pdf", file_data: "data:application/pdf;base64,JVBE" }

const read = (content: readonly object[]): object => ({
  tools: [{ name: "Read", input_schema: { type: "object" } }],
  messages: [
    { role: "user", content: "Read a.png." },
    { role: "assistant", content: [{ type: "tool_use", id: "c", name: "Read", input: {} }] },
    { role: "user", content: [{ type: "tool_result", tool_use_id: "c", content }] },
  ],
})

describe("raine/claude-code-proxy#59, copilot-api#96, command-code#902, ollama#16047: an image a tool gave", () => {
  test("follows in a user message, and is no text in base64", async () => {
    const body = (await line.asked(read([image]))) as { readonly messages: readonly unknown[] }
    expect(body.messages.slice(2)).toEqual([
      { role: "tool", tool_call_id: "c", content: "[image 1 of this tool result follows in the next user message]" },
      {
        role: "user",
        content: [
          { type: "text", text: "From the result of tool call c:" },
          { type: "image_url", image_url: { url } },
        ],
      },
    ])
  })

  test("stays in the result where the API can hold it", async () => {
    const body = (await line.asked({ model: "responses", ...read([image]) })) as { readonly input: readonly unknown[] }
    expect(body.input.at(-1)).toEqual({
      type: "function_call_output",
      call_id: "c",
      output: [{ type: "input_image", image_url: url, detail: "auto" }],
    })
  })
})

describe("CCR#882, #1409, OmniRoute#1387: an image for a model that cannot see", () => {
  test("is a placeholder where a tool gave it, so that the agent goes on", async () => {
    const body = (await line.asked({ model: "blind", ...read([image]) })) as { readonly messages: readonly unknown[] }
    expect(body.messages.slice(2)).toEqual([
      { role: "tool", tool_call_id: "c", content: "[image omitted: this backend reads no images]" },
    ])
  })

  test("is a placeholder where the user showed it earlier, to a model that could", async () => {
    const messages = [
      { role: "user", content: [{ type: "text", text: "What is this?" }, image] },
      { role: "assistant", content: "A dot." },
      { role: "user", content: "Thanks." },
    ]
    const body = (await line.asked({ model: "blind", messages })) as { readonly messages: readonly unknown[] }
    expect(body.messages[0]).toEqual({ role: "user", content: "What is this?\n\n[image omitted: this backend reads no images]" })
  })

  test("is refused by its place where the user shows it, and no backend is asked", async () => {
    const asked = line.backend.asked.length
    const response = await line.proxy.send({ model: "blind", messages: [{ role: "user", content: [image] }] })
    expect([response.status, await response.json()]).toEqual([
      400,
      {
        type: "error",
        error: { type: "invalid_request_error", message: "messages.0.content.0: this backend reads no images" },
        request_id: response.headers.get("request-id"),
      },
    ])
    expect(line.backend.asked.length).toBe(asked)
  })
})

describe("CLIProxyAPI 44d5e0beb: a PDF in base64", () => {
  const messages = [{ role: "user", content: [pdf] }]

  test("is a file", async () => {
    expect(await line.asked({ messages })).toMatchObject({ messages: [{ content: [{ type: "file", file }] }] })
  })

  test("is a file of the Responses API, too", async () => {
    expect(await line.asked({ model: "responses", messages })).toMatchObject({
      input: [{ content: [{ type: "input_file", ...file }] }],
    })
  })
})

test("ollama#14127: an image is not counted by the length of its base64", async () => {
  const count = async (data: string): Promise<unknown> => {
    const content = [{ ...image, source: { ...image.source, data } }]
    const body = { model: "chat", messages: [{ role: "user", content }] }
    return (await line.proxy.ask("/v1/messages/count_tokens", { body })).json()
  }
  expect(await count("A".repeat(400_000))).toEqual(await count("A".repeat(40_000)))
})
