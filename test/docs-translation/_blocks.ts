/** A sample of each row of the table of blocks, by its first cell. */
import type { Sample } from "./_verdict.ts"

const text = (words: string, more: object = {}) => ({ type: "text", text: words, ...more })
const user = (...content: readonly object[]) => ({ role: "user", content })
const assistant = (...content: readonly object[]) => ({ role: "assistant", content })
const says = (content: string) => ({ role: "user", content })

/** A block behind a text of the user. */
function shown(block: object, more: Partial<Sample> = {}): Sample {
  return { given: { messages: [user(text("see"), block)] }, bare: { messages: [user(text("see"))] }, ...more }
}

/** A block that the user may not send. */
function refused(block: object): Sample {
  return shown(block, { path: "messages.0.content.1" })
}

/** Blocks behind a text of the assistant. */
function past(...blocks: readonly object[]): Sample {
  const around = (...more: readonly object[]) => {
    return { messages: [says("hi"), assistant(text("so"), ...more), says("go on")] }
  }
  return { given: around(...blocks), bare: around() }
}

/** A result of a call, beside the same one in other words. */
function result(more: object, marks?: readonly string[], bare: object = { content: "ok" }): Sample {
  const around = (fields: object) => ({
    messages: [
      says("hi"),
      assistant({ type: "tool_use", id: "c", name: "f", input: {} }),
      user({ type: "tool_result", tool_use_id: "c", ...fields }),
    ],
  })
  return { given: around(more), bare: around(bare), ...(marks && { marks }) }
}

/** A message among others. */
function among(message: object | undefined, bare?: object): Sample {
  const around = (it: object | undefined) => {
    return { messages: [says("a"), assistant(text("b")), ...(it ? [it] : []), says("c")] }
  }
  return { given: around(message), bare: around(bare) }
}

const image = { type: "image", source: { type: "base64", media_type: "image/png", data: "iVBO" } }
const pdf = { type: "document", source: { type: "base64", media_type: "application/pdf", data: "JVBE" } }
const plain = { type: "document", source: { type: "text", media_type: "text/plain", data: "words" } }
const found = { type: "search_result", source: "s", title: "t", content: [text("words")] }
const mark = { cache_control: { type: "ephemeral" } }
const call = { type: "tool_use", id: "c", name: "f", input: { a: 1 } }
const done = { type: "tool_result", tool_use_id: "c" }
const cited = { citations: { enabled: true } }
const system = { role: "system", content: "now" }
const reference = { tool: { type: "tool_reference", name: "f" } }

function serverResult(type: string): Sample {
  return past(
    { type: "server_tool_use", id: "s", name: "web_search", input: { query: "q" } },
    { type, tool_use_id: "s", content: [{ type: "web_search_result", title: "t", url: "https://x.test" }] },
  )
}

const MARKED: readonly Sample[] = [
  { ...shown(text("words", mark)), bare: shown(text("words")).given },
  { ...shown({ ...image, ...mark }), bare: shown(image).given },
  { given: { system: [text("s", mark)] }, bare: { system: [text("s")] } },
  result({ content: "ok", ...mark }),
]

const SERVER_RESULTS = [
  "web_search_tool_result",
  "web_fetch_tool_result",
  "code_execution_tool_result",
  "bash_code_execution_tool_result",
  "text_editor_code_execution_tool_result",
  "tool_search_tool_result",
  "advisor_tool_result",
]

export const BLOCKS: Readonly<Record<string, readonly Sample[]>> = {
  "text, or a string": [
    shown(text("words"), { marks: ["words"] }),
    { given: { messages: [says("words")] }, marks: ['"words"'] },
  ],
  "several text of a user": [shown(text("words"))],
  "several text of an assistant": [past(text("words"))],
  "citations of a text": [
    {
      given: past(text("words", { citations: [{ type: "char_location", cited_text: "w" }] })).given,
      bare: past(text("words")).given,
    },
  ],
  "image, base64": [shown(image, { marks: ["data:image/png;base64,iVBO"] })],
  "image, URL": [
    shown({ type: "image", source: { type: "url", url: "https://x.test/a" } }, { marks: ["https://x.test/a"] }),
  ],
  "image, file_id": [refused({ type: "image", source: { type: "file", file_id: "f" } })],
  "image.transformations": [
    { ...shown({ ...image, transformations: { oversized_image: "error" } }), bare: shown(image).given },
  ],
  "document, text or blocks": [
    shown(plain),
    shown({ type: "document", source: { type: "content", content: [text("words")] }, title: "t", context: "c" }),
  ],
  "document, base64": [shown(pdf, { marks: ["data:application/pdf;base64,JVBE"] })],
  "document, URL": [refused({ type: "document", source: { type: "url", url: "https://x.test/a.pdf" } })],
  "document, file_id": [refused({ type: "document", source: { type: "file", file_id: "f" } })],
  search_result: [shown(found)],
  "citations of a document or a search result": [
    { ...shown({ ...plain, ...cited }), bare: shown(plain).given },
    { ...shown({ ...found, ...cited }), bare: shown(found).given },
  ],
  "thinking that this proxy signed for the same backend": [
    {
      ...past({ type: "thinking", thinking: "Hm.", signature: "s" }, text("then")),
      bare: past(text("then")).given,
      carried: { text: "Hm.", items: [{ id: "rs_1", summary: [] }] },
      flags: { reasoning: { replay: "reasoning_content" } },
    },
  ],
  "thinking that is signed by or for another, redacted_thinking": [
    {
      ...past({ type: "thinking", thinking: "Hm.", signature: "EqQB" }),
      flags: { reasoning: { replay: "reasoning_content" } },
    },
    past({ type: "redacted_thinking", data: "EqQB" }),
  ],
  tool_use: [{ given: result({ content: "ok" }).given, marks: ['"c"', '"f"', '"{}"'] }],
  "toolset_name of a call": [
    {
      given: { messages: [says("hi"), assistant({ ...call, toolset_name: "computer" }), user(done)] },
      bare: { messages: [says("hi"), assistant(call), user(done)] },
    },
  ],
  "caller of a call": [
    {
      given: { messages: [says("hi"), assistant({ ...call, caller: { type: "direct" } }), user(done)] },
      bare: { messages: [says("hi"), assistant(call), user(done)] },
    },
  ],
  tool_result: [result({ content: "found" }, ['"found"']), result({ content: [text("found")] }, ['"found"'])],
  "tool_result with no content": [result({})],
  "tool_result.is_error": [result({ content: "ok", is_error: true })],
  "image of a result": [result({ content: [image] }, ["data:image/png;base64,iVBO"])],
  "document of a result": [result({ content: [pdf] }, ["data:application/pdf;base64,JVBE"])],
  tool_reference: [result({ content: [{ type: "tool_reference", tool_name: "g" }] })],
  browser_state: [result({ content: [{ type: "browser_state", tabs: [{ tab_id: "1", title: "t", url: "u" }] }] })],
  "a system message among the others": [among(system)],
  "clear_at: next_user_message of one": [among({ ...system, clear_at: "next_user_message" }, system)],
  "output_config.effort of one": [among({ ...system, output_config: { effort: "low" } }, system)],
  tool_addition: [among({ role: "system", content: [{ type: "tool_addition", ...reference }] })],
  tool_removal: [among({ role: "system", content: [{ type: "tool_removal", ...reference }] })],
  "text of the system prompt that begins with x-anthropic-billing-header:": [
    { given: { system: [text("x-anthropic-billing-header: cch=1"), text("s")] }, bare: { system: [text("s")] } },
  ],
  "cache_control of a block": MARKED,
  "the same with cache_marks": (["cache_control", "prompt_cache_breakpoint"] as const).flatMap((cache_marks) =>
    MARKED.map((sample) => ({ ...sample, flags: { cache_marks } })),
  ),
  [`server_tool_use, ${SERVER_RESULTS.join(", ")} in the history`]: SERVER_RESULTS.map(serverResult),
  "mcp_tool_use, mcp_tool_result in the history": [
    past(
      { type: "mcp_tool_use", id: "c", name: "f", server_name: "s", input: {} },
      { type: "mcp_tool_result", tool_use_id: "c", content: "ok" },
    ),
  ],
  "compaction in the history": [past({ type: "compaction", content: "So far: nothing." })],
  "container_upload in the history": [past({ type: "container_upload", file_id: "f" })],
  "mcp_tool_listing, fallback in the history": [
    past({ type: "mcp_tool_listing", mcp_server_name: "s", tools: [] }),
    past({ type: "fallback", from: "a", to: "b", trigger: "c" }),
  ],
  "container_upload of the user": [refused({ type: "container_upload", file_id: "f" })],
  "a block nobody knows": [refused({ type: "unheard_of" })],
  "an assistant message at the end": [{ given: { messages: [says("hi"), assistant(text("so"))] }, path: "messages" }],
}
