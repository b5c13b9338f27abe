/** The conversation as the items of the Responses API. */
import { describe, expect, test } from "vitest"
import type { ContentBlock } from "../../../src/anthropic/types.ts"
import type { ProfileFlags } from "../../../src/backends/profile.ts"
import { assistant, refusal, text, toolResult, toolUse, user } from "../chat/_translate.ts"
import { itemsOf, translate } from "./_translate.ts"

const image: ContentBlock = { type: "image", source: { type: "base64", media_type: "image/png", data: "AAAA" } }
const pdf: ContentBlock = {
  type: "document",
  title: "a.pdf",
  source: { type: "base64", media_type: "application/pdf", data: "JVBE" },
}

const said = (words: string) => ({ type: "input_text", text: words })
const shown = { type: "input_image", image_url: "data:image/png;base64,AAAA", detail: "auto" }
const attached = { type: "input_file", filename: "a.pdf", file_data: "data:application/pdf;base64,JVBE" }
const asked = { type: "message", role: "user", content: [said("q")] }

/** The output of the one call that has this result. */
function outputOf(content?: string | readonly ContentBlock[], is_error?: boolean, flags: ProfileFlags = {}): unknown {
  const messages = [user(text("q")), assistant(toolUse("a")), user(toolResult("a", content, is_error))]
  const item = itemsOf(messages, flags)[2]
  return item?.type === "function_call_output" ? item.output : item
}

test("a user's text, images and PDF keep their order", () => {
  expect(itemsOf([user(text("see"), image, text("and"), pdf)])).toEqual([
    { type: "message", role: "user", content: [said("see"), shown, said("and"), attached] },
  ])
})

test("an image URL goes as it is", () => {
  expect(itemsOf([user({ type: "image", source: { type: "url", url: "https://a.test/b.png" } })])).toEqual([
    { type: "message", role: "user", content: [{ ...shown, image_url: "https://a.test/b.png" }] },
  ])
})

test("an assistant's text, its calls and their results are items of their own", () => {
  const messages = [
    user(text("q")),
    assistant(text("I look."), toolUse("a", { x: 1 }, "f"), toolUse("b", {}, "g")),
    user(toolResult("b", "rb"), toolResult("a", "ra"), text("go on")),
  ]
  expect(itemsOf(messages)).toEqual([
    asked,
    { type: "message", role: "assistant", content: [{ type: "output_text", text: "I look." }] },
    { type: "function_call", call_id: "a", name: "f", arguments: '{"x":1}' },
    { type: "function_call", call_id: "b", name: "g", arguments: "{}" },
    { type: "function_call_output", call_id: "a", output: "ra" },
    { type: "function_call_output", call_id: "b", output: "rb" },
    { type: "message", role: "user", content: [said("go on")] },
  ])
})

test.each(["system", "developer"] as const)("a system message in the middle keeps its place, as %s", (system_role) => {
  const messages = [user(text("q")), { role: "system", content: "Hurry." } as const, user(text("p"))]
  expect(itemsOf(messages, { system_role })).toEqual([
    asked,
    { type: "message", role: system_role, content: [said("Hurry.")] },
    { type: "message", role: "user", content: [said("p")] },
  ])
})

test("thinking of earlier turns is left out, and nobody is told", () => {
  const thinking = { type: "thinking", thinking: "hm", signature: "s" }
  const turn = assistant(thinking, text("a"), { type: "redacted_thinking", data: "x" })
  const messages = [user(text("q")), turn, user(text("q"))]
  expect(translate({ messages })).toMatchObject({
    body: {
      input: [asked, { type: "message", role: "assistant", content: [{ type: "output_text", text: "a" }] }, asked],
    },
    notes: [],
  })
})

describe("a tool result", () => {
  test("of text is a string", () => {
    expect(outputOf("plain")).toBe("plain")
    expect(outputOf([text("a"), text("b")])).toBe("a\n\nb")
  })

  test.each([undefined, "", []])("of nothing says so (%j)", (content) => {
    expect(outputOf(content)).toBe("(no output)")
    expect(outputOf(content, true)).toBe("Error: (no output)")
  })

  test("with images and files keeps them where they are (copilot-api#96)", () => {
    expect(outputOf([text("a shot:"), image, pdf])).toEqual([said("a shot:"), shown, attached])
    expect(outputOf([image])).toEqual([shown])
  })

  test("of a failed call says so, be it text or not", () => {
    expect(outputOf("no such file", true)).toBe("Error: no such file")
    expect(outputOf("Error: no such file", true)).toBe("Error: no such file")
    expect(outputOf([text("see"), image], true)).toEqual([said("Error: see"), shown])
    expect(outputOf([image], true)).toEqual([said("Error:"), shown])
  })

  test("with what the backend cannot read holds a placeholder", () => {
    expect(outputOf([text("a"), image], false, { images: "none" })).toBe(
      "a\n\n[image omitted: this backend reads no images]",
    )
  })
})

test("what a user says must reach the model whole", () => {
  const file: ContentBlock = { type: "image", source: { type: "file", file_id: "f" } }
  expect(refusal(() => itemsOf([user(file)]))).toBe(
    "400 messages.0.content.0: the Files API is not available here; send the image as base64",
  )
})
