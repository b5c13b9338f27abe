import { expect, test } from "vitest"
import type { ContentBlock, Message } from "../../../src/anthropic/types.ts"
import type { ProfileFlags } from "../../../src/backends/profile.ts"
import { assistant, messagesOf, text, toolResult, toolUse, translate, user } from "./_translate.ts"

const image = (data: string, media_type = "image/png"): ContentBlock => ({
  type: "image",
  source: { type: "base64", media_type, data },
})
const pdf: ContentBlock = {
  type: "document",
  source: { type: "base64", media_type: "application/pdf", data: "JVBE" },
}
const part = (data: string) => ({ type: "image_url", image_url: { url: `data:image/png;base64,${data}` } })

/** What follows the calls a and b once they have these results. */
function after(results: readonly ContentBlock[], flags: ProfileFlags = {}, more: readonly Message[] = []) {
  const calls = assistant(...results.map((block) => toolUse(block.type === "tool_result" ? block.tool_use_id : "")))
  const { body, notes } = translate({ messages: [user(text("q")), calls, user(...results), ...more] }, flags)
  return { messages: body.messages.slice(2), notes }
}

/** The tool message's text for one result. */
function told(content?: string | readonly ContentBlock[], is_error?: boolean): unknown {
  return after([toolResult("a", content, is_error)]).messages[0]?.content
}

test("texts of a result are paragraphs of one string", () => {
  expect(told([text("a"), text(""), text("b")])).toBe("a\n\nb")
})

test.each([undefined, null, "", [], [text("")]])("a result of nothing says so (%j)", (content) => {
  expect(told(content as never)).toBe("(no output)")
  expect(told(content as never, true)).toBe("Error: (no output)")
})

test("a failed call says so once", () => {
  expect(told("no such file", true)).toBe("Error: no such file")
  expect(told("Error: no such file", true)).toBe("Error: no such file")
  expect(told("no such file", false)).toBe("no such file")
})

test("found tools are named, one a line, so that tool search does not come back empty", () => {
  const found = (tool_name: string): ContentBlock => ({ type: "tool_reference", tool_name })
  expect(told([found("Read"), found("Write"), text("and"), found("Edit")])).toBe(
    "Tool Read is now available.\nTool Write is now available.\n\nand\n\nTool Edit is now available.",
  )
})

test("images of two results follow the last tool message, each labelled with its call", () => {
  const results = [toolResult("a", [text("x"), image("AA"), image("BB")]), toolResult("b", [image("CC")])]
  expect(after(results).messages).toEqual([
    {
      role: "tool",
      tool_call_id: "a",
      content:
        "x\n\n[image 1 of this tool result follows in the next user message]\n\n" +
        "[image 2 of this tool result follows in the next user message]",
    },
    {
      role: "tool",
      tool_call_id: "b",
      content: "[image 1 of this tool result follows in the next user message]",
    },
    {
      role: "user",
      content: [
        { type: "text", text: "From the result of tool call a:" },
        part("AA"),
        part("BB"),
        { type: "text", text: "From the result of tool call b:" },
        part("CC"),
      ],
    },
  ])
})

test("images of a result go to the beginning of the user message that follows", () => {
  const { messages } = after([toolResult("a", [image("AA")])], {}, [user(text("look"), image("BB"))])
  expect(messages.slice(1)).toEqual([
    {
      role: "user",
      content: [
        { type: "text", text: "From the result of tool call a:" },
        part("AA"),
        { type: "text", text: "look" },
        part("BB"),
      ],
    },
  ])
})

test("images of a result keep their place when a system message comes next", () => {
  const { messages } = after([toolResult("a", [image("AA")])], {}, [{ role: "system", content: "s" }])
  expect(messages.slice(1)).toEqual([
    { role: "user", content: [{ type: "text", text: "From the result of tool call a:" }, part("AA")] },
    { role: "system", content: "s" },
  ])
})

test("the label and the tool message name the call by the same shortened id", () => {
  const id = `toolu_vrtx_${"x".repeat(60)}`
  const [tool, next] = after([toolResult(id, [image("AA")])]).messages
  const fitted = tool?.role === "tool" ? tool.tool_call_id : ""
  expect(fitted).toHaveLength(40)
  expect(next?.content).toEqual([{ type: "text", text: `From the result of tool call ${fitted}:` }, part("AA")])
})

test("a PDF of a result follows as a file", () => {
  expect(after([toolResult("a", [text("read"), pdf])]).messages).toEqual([
    {
      role: "tool",
      tool_call_id: "a",
      content: "read\n\n[file 1 of this tool result follows in the next user message]",
    },
    {
      role: "user",
      content: [
        { type: "text", text: "From the result of tool call a:" },
        { type: "file", file: { filename: "document.pdf", file_data: "data:application/pdf;base64,JVBE" } },
      ],
    },
  ])
})

test("an image or a PDF the backend cannot read does not stop an agent", () => {
  const url: ContentBlock = { type: "image", source: { type: "url", url: "https://x.test/a.png" } }
  const flags: ProfileFlags = { images: "data", image_types_refused: ["image/gif"], files: false }
  const { messages, notes } = after([toolResult("a", [image("AA", "image/gif"), url, pdf])], flags)
  expect(messages).toEqual([
    {
      role: "tool",
      tool_call_id: "a",
      content:
        "[image omitted: this backend does not read image/gif]\n\n" +
        "[image omitted: this backend reads only base64 images, not image URLs]\n\n" +
        "[document omitted: this backend reads no PDF documents]",
    },
  ])
  expect(notes).toEqual([
    "an omitted image of a tool result: this backend does not read image/gif",
    "an omitted image of a tool result: this backend reads only base64 images, not image URLs",
    "an omitted document of a tool result: this backend reads no PDF documents",
  ])
})

test("documents and search results in a result are framed text", () => {
  const found: ContentBlock = { type: "search_result", source: "s", title: "t", content: [{ type: "text", text: "c" }] }
  const plain: ContentBlock = { type: "document", source: { type: "text", media_type: "text/plain", data: "d" } }
  expect(told([found, plain])).toBe(
    '<search_result source="s" title="t">\nc\n</search_result>\n\n<document>\nd\n</document>',
  )
})

test("what the browser shows is told as JSON", () => {
  const tabs = [{ tab_id: "1", title: "t", url: "u", active: true }]
  expect(told([{ type: "browser_state", tabs }])).toBe(JSON.stringify({ tabs }))
})

test("cache marks on a result and in it do not leak", () => {
  const mark = { cache_control: { type: "ephemeral" } }
  const result = { ...toolResult("a", [{ ...text("r"), ...mark } as ContentBlock]), ...mark } as ContentBlock
  expect(messagesOf([user(text("q")), assistant(toolUse("a")), user(result)])[2]).toEqual({
    role: "tool",
    tool_call_id: "a",
    content: "r",
  })
})
