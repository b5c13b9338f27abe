import { expect, test } from "vitest"
import type { ContentBlock } from "../../../src/anthropic/types.ts"
import { assistant, messagesOf, text, toolCall, toolResult, toolUse, user } from "./_translate.ts"

type Block = ContentBlock | Readonly<Record<string, unknown>>

/** What an assistant turn with these blocks becomes. */
function turn(blocks: readonly Block[]) {
  return messagesOf([user(text("q")), assistant(...blocks), user(text("go on"))]).slice(1, -1)
}

test("a web search of the history is told in words, without its encrypted content", () => {
  expect(
    turn([
      text("Let me look."),
      { type: "server_tool_use", id: "srvtoolu_1", name: "web_search", input: { query: "tea" } },
      {
        type: "web_search_tool_result",
        tool_use_id: "srvtoolu_1",
        content: [
          { type: "web_search_result", title: "Tea", url: "https://t.test", encrypted_content: "Eq", page_age: "1 d" },
          { type: "web_search_result", title: "Cup", url: "https://c.test", encrypted_content: "XXXX", page_age: null },
        ],
      },
      text("Tea "),
      text("it is."),
    ]),
  ).toEqual([
    {
      role: "assistant",
      content:
        'Let me look.\n\n[web_search {"query":"tea"}]\n\n' +
        "[web search tool result]\nTea\nhttps://t.test\npage_age: 1 d\nCup\nhttps://c.test\n\nTea it is.",
    },
  ])
})

test.each<[string, Readonly<Record<string, unknown>>, string]>([
  [
    "an error",
    { type: "web_search_tool_result", content: { type: "web_search_tool_result_error", error_code: "unavailable" } },
    "[web search tool result]\nerror_code: unavailable",
  ],
  [
    "a command's output",
    {
      type: "bash_code_execution_tool_result",
      content: {
        type: "bash_code_execution_result",
        stdout: "hi\n",
        stderr: "",
        return_code: 0,
        content: [{ type: "bash_code_execution_output", file_id: "file_1" }],
      },
    },
    "[bash code execution tool result]\nstdout: hi\n\nreturn_code: 0\nfile_id: file_1",
  ],
  [
    "a fetched page",
    {
      type: "web_fetch_tool_result",
      content: {
        type: "web_fetch_result",
        url: "https://x.test",
        content: { type: "document", title: "X", source: { type: "text", media_type: "text/plain", data: "words" } },
      },
    },
    "[web fetch tool result]\nhttps://x.test\nX\nwords",
  ],
  [
    "a fetched PDF, whose bytes are no words",
    {
      type: "web_fetch_tool_result",
      content: {
        type: "web_fetch_result",
        url: "https://x.test",
        content: { type: "document", source: { type: "base64", media_type: "application/pdf", data: "JVBE" } },
      },
    },
    "[web fetch tool result]\nhttps://x.test",
  ],
  [
    "found tools",
    {
      type: "tool_search_tool_result",
      content: {
        type: "tool_search_tool_search_result",
        tool_references: [{ type: "tool_reference", tool_name: "Read" }],
      },
    },
    "[tool search tool result]\ntool_name: Read",
  ],
  [
    "an edit",
    {
      type: "text_editor_code_execution_tool_result",
      content: { type: "text_editor_code_execution_str_replace_result", lines: ["-a", "+b"], old_start: 1 },
    },
    "[text editor code execution tool result]\n-a\n+b",
  ],
  [
    "an adviser's words",
    { type: "advisor_tool_result", content: { type: "advisor_result", text: "rest" } },
    "[advisor tool result]\nrest",
  ],
  ["a summary of what went before", { type: "compaction", content: "We spoke of tea.", encrypted_content: "E" },
    "We spoke of tea."],
  ["a file of the container", { type: "container_upload", file_id: "file_1" }, "[file file_1 in the container]"],
])("%s is told in words", (_, block, content) => {
  expect(turn([{ tool_use_id: "s", ...block }])).toEqual([{ role: "assistant", content }])
})

test("a summary that failed, a listing and a change of model leave nothing behind", () => {
  expect(
    turn([
      { type: "compaction", content: null },
      { type: "mcp_tool_listing", mcp_server_name: "m", tools: [] },
      { type: "fallback", from: {}, to: {} },
      text("a"),
    ]),
  ).toEqual([{ role: "assistant", content: "a" }])
})

const mcpUse = (id: string, server_name = "files"): Block => ({
  type: "mcp_tool_use",
  id,
  name: "read",
  server_name,
  input: { p: 1 },
})
const mcpResult = (tool_use_id: string, content: unknown, is_error = false): Block => ({
  type: "mcp_tool_result",
  tool_use_id,
  content,
  is_error,
})
const mcpCall = (id: string, name = "mcp__files__read") => toolCall(id, '{"p":1}', name)

test("calls that Anthropic made to an MCP server become calls with their results, before what was said next", () => {
  expect(
    turn([
      text("Reading."),
      mcpUse("m1"),
      mcpUse("m2", "my files.io"),
      mcpResult("m2", "gone", true),
      mcpResult("m1", [text("one"), text("two")]),
      text("Done."),
    ]),
  ).toEqual([
    {
      role: "assistant",
      content: "Reading.",
      tool_calls: [mcpCall("m1"), mcpCall("m2", "mcp__my_files_io__read")],
    },
    { role: "tool", tool_call_id: "m1", content: "one\n\ntwo" },
    { role: "tool", tool_call_id: "m2", content: "Error: gone" },
    { role: "assistant", content: "Done." },
  ])
})

test("an image that an MCP server gave follows its result", () => {
  const image = { type: "image", source: { type: "base64", media_type: "image/png", data: "AA" } }
  expect(turn([mcpUse("m1"), mcpResult("m1", [image]), text("A cat.")])).toEqual([
    { role: "assistant", content: null, tool_calls: [mcpCall("m1")] },
    {
      role: "tool",
      tool_call_id: "m1",
      content: "[image 1 of this tool result follows in the next user message]",
    },
    {
      role: "user",
      content: [
        { type: "text", text: "From the result of tool call m1:" },
        { type: "image_url", image_url: { url: "data:image/png;base64,AA" } },
      ],
    },
    { role: "assistant", content: "A cat." },
  ])
})

test("a call for the client between MCP calls keeps its result behind it", () => {
  const blocks = [mcpUse("m1"), toolUse("a"), mcpResult("m1", "one"), text("And yours.")]
  expect(messagesOf([user(text("q")), assistant(...blocks), user(toolResult("a", "r"))]).slice(1)).toEqual([
    { role: "assistant", content: null, tool_calls: [mcpCall("m1")] },
    { role: "tool", tool_call_id: "m1", content: "one" },
    { role: "assistant", content: "And yours.", tool_calls: [toolCall("a")] },
    { role: "tool", tool_call_id: "a", content: "r" },
  ])
})

test("a turn that ends with an MCP call and a call for the client", () => {
  const blocks = [toolUse("a"), mcpUse("m1"), mcpResult("m1", "one")]
  expect(messagesOf([user(text("q")), assistant(...blocks), user(toolResult("a", "r"))]).slice(1)).toEqual([
    { role: "assistant", content: null, tool_calls: [mcpCall("m1")] },
    { role: "tool", tool_call_id: "m1", content: "one" },
    { role: "assistant", content: null, tool_calls: [toolCall("a")] },
    { role: "tool", tool_call_id: "a", content: "r" },
  ])
})
