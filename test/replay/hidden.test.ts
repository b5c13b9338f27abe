/** Thinking that a client never sees, kept for the calls it led to. */
import { createStorage, type Storage, type StorageValue } from "unstorage"
import { describe, expect, test, vi } from "vitest"
import { ask, answered, ASK, call, closeAll, SEEN, start, turns, whole, type Conversation } from "./_line.ts"

closeAll()

const keys = [{ name: "a", key: "key-a" }, { name: "b", key: "key-b" }]
const backend = { profile: "deepseek" } as const

const thinks = (words: string, id = "call_0", args = "{}") => whole({ reasoning_content: words, content: null, tool_calls: [call(id, args)] })
const thought = ({ last }: Conversation) => last().flatMap((message) => ((message as { role: string }).role === "assistant" ? [(message as { reasoning_content?: string }).reasoning_content] : []))

test("two clients whose calls look the same get their own back", async () => {
  const conversation = await start({ backend, keys })
  const a = await ask(conversation, thinks("a's secret"), [ASK], { key: "key-a" })
  const b = await ask(conversation, thinks("b's secret"), [ASK], { key: "key-b" })
  await ask(conversation, SEEN, answered(a), { key: "key-a" })
  expect(thought(conversation)).toEqual(["a's secret"])
  await ask(conversation, SEEN, answered(b), { key: "key-b" })
  expect(thought(conversation)).toEqual(["b's secret"])
})

test("a client that knows another's call gets nothing of its thinking", async () => {
  const conversation = await start({ backend, keys })
  const a = await ask(conversation, thinks("a's secret"), [ASK], { key: "key-a" })
  await ask(conversation, SEEN, answered(a), { key: "key-b" })
  expect(thought(conversation)).toEqual([""])
})

test("a backend that uses its ids again: the arguments tell the calls apart", async () => {
  const conversation = await start({ backend })
  const one = await ask(conversation, thinks("one", "call_0", '{"n":1}'), [ASK])
  await ask(conversation, thinks("two", "call_0", '{"n":2}'), [ASK])
  await ask(conversation, SEEN, answered(one))
  expect(thought(conversation)).toEqual(["one"])
})

test("a client that writes the input anew finds it all the same", async () => {
  const conversation = await start({ backend })
  const message = await ask(conversation, thinks("I think.", "call_0", '{"b":[{"y":1,"x":1.0}],"a":"\\u00e9"}'), [ASK])
  const history = answered(message)
  const [, assistant] = history
  const content = [{ type: "tool_use" as const, id: "call_0", name: "look", input: { a: "é", b: [{ x: 1, y: 1 }] } }]
  await ask(conversation, SEEN, history.map((turn) => (turn === assistant ? { role: "assistant", content } : turn)))
  expect(thought(conversation)).toEqual(["I think."])
})

test.each<[string, object]>([
  ["another model", { model: "two" }],
  ["another backend", { model: "other" }],
])("nothing of it goes to %s", async (_, wish) => {
  const conversation = await start({ backend })
  const message = await ask(conversation, thinks("secret"), [ASK])
  await ask(conversation, SEEN, answered(message), wish)
  expect(thought(conversation)).toEqual([""])
})

test("any of a turn's calls brings back the thinking of the whole turn", async () => {
  const conversation = await start({ backend })
  const both = whole({ reasoning_content: "Both.", content: null, tool_calls: [call("c1"), call("c2", '{"n":2}')] })
  const message = await ask(conversation, both, [ASK])
  for (const block of message.content) if (block.type === "tool_use" && block.id === "c1") block.input = { edited: true }
  await ask(conversation, SEEN, answered(message))
  expect(thought(conversation)).toEqual(["Both."])
})

test("each turn of a long conversation gets its own", async () => {
  const conversation = await start({ backend })
  let history = [ASK]
  for (const n of [1, 2, 3]) history = answered(await ask(conversation, thinks(`${n}.`, `c${n}`), history), history)
  await ask(conversation, SEEN, history)
  expect(thought(conversation)).toEqual(["1.", "2.", "3."])
})

test("a shared storage serves a proxy that has just started", async () => {
  const storage = createStorage()
  const first = await start({ backend, storage })
  const message = await ask(first, thinks("kept"), [ASK])
  const next = await start({ backend, storage, like: first })
  await ask(next, SEEN, answered(message))
  expect(thought(next)).toEqual(["kept"])
})

/** The keys of what was kept, once there are so many: a reply does not wait until its thinking is in storage. */
function keptIn(storage: Storage, count: number): Promise<readonly string[]> {
  return vi.waitFor(async () => {
    const keys = (await storage.getKeys()).filter((key) => key.startsWith("reasoning:"))
    expect(keys.length).toBe(count)
    return keys
  })
}

test("storage learns nothing: neither words nor who called what", async () => {
  const storage = createStorage()
  const conversation = await start({ backend, storage })
  await ask(conversation, thinks("the secret words"), [ASK])
  const keys = await keptIn(storage, 1)
  expect(keys).toEqual([expect.stringMatching(/^reasoning:[0-9a-f]{64}$/)])
  expect(JSON.stringify(await storage.getItem(keys[0] ?? ""))).not.toMatch(/secret|look|call_0/)
})

test("an entry that was put in the place of another does not open", async () => {
  const storage = createStorage()
  const conversation = await start({ backend, storage })
  const one = await ask(conversation, thinks("one", "c1"), [ASK])
  const [first = ""] = await keptIn(storage, 1)
  await ask(conversation, thinks("two", "c2"), [ASK])
  const second = (await keptIn(storage, 2)).find((key) => key !== first) ?? ""
  await storage.setItem(first, await storage.getItem(second))
  await ask(conversation, SEEN, answered(one))
  expect(thought(conversation)).toEqual([""])
})

describe("storage that fails", () => {
  const broken = (name: "getItem" | "setItem"): Storage<StorageValue> => {
    const storage = createStorage()
    return Object.assign(storage, { [name]: () => Promise.reject(new Error("no storage today")) })
  }

  test.each([
    ["getItem", "what a backend must get back of its thinking could not be read"],
    ["setItem", "what a backend must get back of its thinking could not be kept"],
  ] as const)("in %s costs the thinking, and a line in the log", async (name, words) => {
    const conversation = await start({ backend, storage: broken(name) })
    expect(await turns(conversation, thinks("lost"))).toEqual([
      { role: "assistant", content: null, reasoning_content: "", tool_calls: [call("call_0")] },
    ])
    expect(conversation.lines.filter((line) => line.includes(words))).toHaveLength(1)
  })

  test("that never answers does not hold the reply up", async () => {
    const storage = Object.assign(createStorage(), { setItem: () => new Promise<void>(() => {}) })
    const conversation = await start({ backend, storage })
    const message = await ask(conversation, thinks("kept"), [ASK])
    await ask(conversation, SEEN, answered(message))
    expect(thought(conversation)).toEqual(["kept"])
  })
})
