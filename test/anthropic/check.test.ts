import { describe, expect, it } from "vitest"
import { ProxyError } from "../../src/error.ts"
import { checkedCount, checkedMessage, faultOf, request, tool } from "./_request.ts"

const fault = (fields: object): string | undefined => faultOf(() => checkedMessage(request(fields)))

describe("features that would be dangerous to ignore", () => {
  it.each([{ type: "create" }, { type: "continue", previous_message_id: "msg_1" }])(
    "a thread (%j) is refused with the details that make the SDK send the whole conversation",
    (thread) => {
      // A request that continues a thread has a result without its call; it must hear of the thread all the same.
      const messages = [{ role: "user", content: [{ type: "tool_result", tool_use_id: "a" }] }]
      let thrown: unknown
      try {
        checkedMessage(request({ thread, messages }))
      } catch (error) {
        thrown = error
      }
      expect(thrown).toBeInstanceOf(ProxyError)
      expect(thrown).toMatchObject({
        status: 400,
        type: "invalid_request_error",
        message: "thread: this server keeps no threads; send the whole conversation",
      })
      expect((thrown as ProxyError).details).toEqual({ error_code: "thread_unsupported_request", unsupported: [] })
    },
  )

  it.each<[object, string]>([
    [{ compaction: { type: "summarize" } }, "compaction"],
    [{ container: { id: "c", skills: [{ skill_id: "pdf", type: "anthropic" }] } }, "container"],
    [{ mcp_servers: [{ type: "url", url: "https://a", name: "a" }] }, "mcp_servers"],
    [{ billing_policy: { type: "x", bill_to: "user_profile" } }, "billing_policy"],
  ])("%j is refused by name, also when it is only to be counted", (fields, name) => {
    const refused = new RegExp(`^${name}: .*not supported here`)
    expect(fault(fields)).toMatch(refused)
    expect(faultOf(() => checkedCount(request(fields)))).toMatch(refused)
  })

  it.each<[object]>([
    [{ container: "container_1" }],
    [{ container: { id: "container_1" } }],
    [{ container: { skills: [] } }],
    [{ mcp_servers: [] }],
    [{ billing_policy: { bill_to: "self" } }],
  ])("%j asks for nothing of the kind", (fields) => {
    expect(fault(fields)).toBeUndefined()
  })
})

describe("tools", () => {
  it("may not share a name, whoever runs them", () => {
    expect(fault({ tools: [tool("a"), tool("b"), tool("a")] })).toBe("tools: Tool names must be unique.")
    const bash = { type: "bash_20250124", name: "bash" }
    expect(fault({ tools: [tool("bash"), bash] })).toBe("tools: Tool names must be unique.")
  })

  it("named like a property of every object are names like others", () => {
    const tools = [tool("constructor"), tool("__proto__"), tool("toString")]
    expect(fault({ tools, tool_choice: { type: "tool", name: "__proto__" } })).toBeUndefined()
    expect(fault({ tools, tool_choice: { type: "tool", name: "valueOf" } })).toBe(
      "tool_choice: Tool 'valueOf' not found in provided tools",
    )
  })

  it.each<[object | undefined]>([[undefined], [[]]])("cannot be forced when there are none (%j)", (tools) => {
    for (const choice of [{ type: "any" }, { type: "tool", name: "a" }]) {
      expect(fault({ tools, tool_choice: choice })).toMatch(
        /^tool_choice: .*may only be specified while providing tools$/,
      )
    }
    for (const choice of [{ type: "auto" }, { type: "none" }])
      expect(fault({ tools, tool_choice: choice })).toBeUndefined()
  })

  it("can only be forced when they are there", () => {
    expect(fault({ tools: [tool("a")], tool_choice: { type: "tool", name: "a" } })).toBeUndefined()
    expect(fault({ tools: [tool("a")], tool_choice: { type: "tool", name: "b" } })).toBe(
      "tool_choice: Tool 'b' not found in provided tools",
    )
    const search = { type: "web_search_20250305", name: "web_search" }
    expect(fault({ tools: [search], tool_choice: { type: "tool", name: "web_search" } })).toBeUndefined()
  })

  it("of a toolset are not listed, so any of them may be forced", () => {
    const tools = [{ type: "computer_toolset_20260801" }, { type: "mcp_toolset", mcp_server_name: "s" }, tool("a")]
    expect(fault({ tools, tool_choice: { type: "tool", name: "left_click" } })).toBeUndefined()
  })

  it("may not be named like a toolset beside them", () => {
    const toolset = { type: "computer_toolset_20260801" }
    const beside = (other: object) => fault({ tools: [toolset, other] })
    expect(beside({ type: "browser_toolset_20260801" })).toBeUndefined()
    expect(beside(tool("browser"))).toBeUndefined()
    const doubled = "tools: Tool names must be unique."
    expect(beside(tool("computer"))).toBe(doubled)
    expect(beside(toolset)).toBe(doubled)
    expect(beside({ type: "computer_20251124", name: "computer" })).toBe(doubled)
  })

  it("are named in a fault with their names cut and escaped", () => {
    const name = `a\n${"b".repeat(300)}`
    expect(fault({ tools: [tool("a")], tool_choice: { type: "tool", name } })).toBe(
      `tool_choice: Tool 'a\\u000a${"b".repeat(198)}…' not found in provided tools`,
    )
  })

  it("may be forced while the model thinks", () => {
    const thinking = { type: "enabled", budget_tokens: 1024 }
    expect(fault({ tools: [tool("a")], tool_choice: { type: "any" }, thinking, max_tokens: 1025 })).toBeUndefined()
  })
})

describe("thinking", () => {
  it("must leave something of the answer", () => {
    const thinking = { type: "enabled", budget_tokens: 1024 }
    const expected = "max_tokens: must be greater than thinking.budget_tokens, which is 1024"
    expect(fault({ thinking, max_tokens: 1024 })).toBe(expected)
    expect(fault({ thinking, max_tokens: 0 })).toBe(expected)
    expect(fault({ thinking, max_tokens: 1025 })).toBeUndefined()
    expect(fault({ thinking: { type: "adaptive", budget_tokens: 5000 }, max_tokens: 1024 })).toBeUndefined()
  })
})
