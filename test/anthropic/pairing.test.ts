import { describe, expect, it } from "vitest"
import { checkedMessage, faultOf, request } from "./_request.ts"

const user = (...content: readonly unknown[]): object => ({ role: "user", content })
const assistant = (...content: readonly unknown[]): object => ({ role: "assistant", content })
const system = (content: string): object => ({ role: "system", content })
const text = { type: "text", text: "a" }
const call = (id: string): object => ({ type: "tool_use", id, name: "f", input: {} })
const result = (id: string): object => ({ type: "tool_result", tool_use_id: id, content: "r" })
const fault = (...messages: readonly object[]): string | undefined =>
  faultOf(() => checkedMessage(request({ messages })))

const unexpected = (at: string, id: string): string =>
  `${at}: unexpected \`tool_use_id\` found in \`tool_result\` blocks: ${id}. ` +
  "Each `tool_result` block must have a corresponding `tool_use` block in the previous message."
const missing = (at: string, ids: string): string =>
  `${at}: \`tool_use\` ids were found without \`tool_result\` blocks immediately after: ${ids}. ` +
  "Each `tool_use` block must have a corresponding `tool_result` block in the next message."

describe("calls and results that belong together", () => {
  it("results in another order, split over two user messages with system messages between, follow their calls", () => {
    expect(
      fault(
        user(text),
        assistant(text, call("a"), call("b"), call("c")),
        system("tools changed"),
        user(result("c")),
        system("again"),
        user(text, result("a"), result("b"), text),
      ),
    ).toBeUndefined()
  })

  it("calls of two assistant messages in a row are one turn", () => {
    expect(
      fault(user(text), assistant(call("a")), assistant(call("b")), user(result("b"), result("a"))),
    ).toBeUndefined()
    expect(
      fault(user(text), assistant(call("a")), system("s"), assistant(call("b")), user(result("a"), result("b"))),
    ).toBeUndefined()
  })

  it("an id comes back in the next turn, as backends that count their calls from 0 make it", () => {
    expect(
      fault(
        user(text),
        assistant(call("call_0")),
        user(result("call_0")),
        assistant(call("call_0")),
        user(result("call_0")),
      ),
    ).toBeUndefined()
  })

  it("ids that every object has as a property are ids like others", () => {
    expect(
      fault(
        user(text),
        assistant(call("__proto__"), call("constructor")),
        user(result("constructor"), result("__proto__")),
      ),
    ).toBeUndefined()
    expect(fault(user(text), assistant(call("a")), user(result("constructor")))).toBe(
      unexpected("messages.2.content.0", "constructor"),
    )
  })
})

describe("calls and results without their other half", () => {
  it("a result nobody asked for", () => {
    expect(fault(user(text, result("a")))).toBe(unexpected("messages.0.content.1", "a"))
    expect(fault(user(text), assistant(call("a")), user(result("a"), result("b")))).toBe(
      unexpected("messages.2.content.1", "b"),
    )
  })

  it("a result that comes a turn late", () => {
    expect(
      fault(user(text), assistant(call("a")), user(result("a")), assistant(call("b")), user(result("b"), result("a"))),
    ).toBe(unexpected("messages.4.content.1", "a"))
  })

  it("a call the user passes over", () => {
    expect(fault(user(text), assistant(call("a"), call("b")), user(result("a"), text))).toBe(
      missing("messages.1", "b"),
    )
    expect(fault(user(text), assistant(call("a"), call("b")), user(text), assistant(text), user(text))).toBe(
      missing("messages.1", "a, b"),
    )
  })

  it("a call at the very end", () => {
    expect(fault(user(text), assistant(call("a")))).toBe(missing("messages.1", "a"))
    expect(fault(user(text), assistant(call("a")), system("s"))).toBe(missing("messages.1", "a"))
  })

  it("a call in the second of two assistant messages is found there", () => {
    expect(fault(user(text), assistant(text), assistant(call("a")), user(text))).toBe(missing("messages.2", "a"))
  })

  it("two results for one call, side by side or in two messages (claude-code-proxy#86)", () => {
    const twice = "each tool_use must have a single result. Found multiple `tool_result` blocks with id: a"
    expect(fault(user(text), assistant(call("a")), user(result("a"), result("a")))).toBe(
      `messages.2.content.1: ${twice}`,
    )
    expect(fault(user(text), assistant(call("a")), user(result("a")), user(result("a")))).toBe(
      `messages.3.content.0: ${twice}`,
    )
  })

  it("two calls with one id", () => {
    expect(fault(user(text), assistant(call("a"), call("a")), user(result("a")))).toBe(
      "messages.1.content.1.id: `tool_use` ids must be unique",
    )
  })

  it("an id that would forge a line or drown the log is escaped and cut", () => {
    expect(fault(user(result(`a\n${"b".repeat(300)}`)))).toBe(
      unexpected("messages.0.content.0", `a\\u000a${"b".repeat(198)}…`),
    )
  })
})
