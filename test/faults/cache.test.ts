/**
 * | Fault | What is held |
 * | --- | --- |
 * | 22 answers of one that another gets (litellm#29955 #19575 #26992) | on a real disk: what differs in tenant, model, version, beta or one character is another answer; requests at once are answered by themselves; what is cut off or failed is not kept; a file that was changed or half written is a miss; no name leads out of the folder |
 *
 * What is kept and how it is told again is in test/plugins/cache.test.ts.
 */
import { globSync } from "node:fs"
import { readFile, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { afterEach, beforeEach, describe, expect, test } from "vitest"
import cache from "../../plugins/cache.ts"
import { openStorage } from "../../src/node/storage.ts"
import { validateOptions } from "../../src/plugin/plugin.ts"
import { startProxy, type TestProxy } from "../_proxy.ts"
import { folderOf } from "../node/_start.ts"
import { error, raw, type Script } from "../_backend.ts"
import { startAnyBackend, type AnyBackend } from "./_any-backend.ts"

const ONE = "sk-tenant-one"
const TWO = "sk-tenant-two"

let backend: AnyBackend
let proxy: TestProxy
let folder = ""
let answered = 0

/** Each answer is a number of its own. */
const counting: Script = {
  answer(response) {
    response.writeHead(200, { "content-type": "application/json" })
    response.end(JSON.stringify({ choices: [{ message: { content: `answer ${++answered}` }, finish_reason: "stop" }] }))
  },
}

async function startCached(): Promise<TestProxy> {
  const storage = await openStorage({ default: { driver: "fs", base: "./kept" } }, folder, ({ message }) => message)
  const checked = await validateOptions(cache, {})
  return startProxy(
    {
      models: { m: { backend: "b", model: "m" }, n: { backend: "b", model: "n" }, "*": { backend: "b", model: "any" } },
      backends: { b: { base_url: backend.url, api: "chat" } },
      keys: [
        { name: "one", key: ONE },
        { name: "two", key: TWO },
        // Names that a path or a separator could be made of.
        { name: "../../one", key: "sk-3" },
        { name: "one:default", key: "sk-4" },
        { name: "ONE", key: "sk-5" },
        { name: "__proto__", key: "sk-6" },
      ],
    },
    { storage, plugins: [{ plugin: cache, options: "options" in checked ? checked.options : {} }] },
  )
}

beforeEach(async () => {
  answered = 0
  folder = await folderOf({ "outside.txt": "untouched" })
  backend = await startAnyBackend()
  backend.now(counting)
  proxy = await startCached()
})
afterEach(async () => {
  await proxy.close()
  await backend.close()
})

/** Whether it came from the cache, and what it says. */
async function ask(key: string, request: object = {}, headers: Readonly<Record<string, string>> = {}): Promise<readonly [string | null, string]> {
  const response = await proxy.send({ model: "m", ...request }, { "x-api-key": key, ...headers })
  return [response.headers.get("x-llm-proxy-cache"), /answer \d+/.exec(await response.text())?.[0] ?? String(response.status)]
}

/** The files below the folder, once what is being written is there. */
async function filesOnceThereAre(count: number): Promise<readonly string[]> {
  await expect.poll(() => files().length).toBe(count)
  return files()
}
const files = (): readonly string[] =>
  globSync("**/*", { cwd: folder, withFileTypes: true }).filter((entry) => entry.isFile() && entry.name !== "outside.txt").map((entry) => join(entry.parentPath, entry.name))

const user = (content: unknown): object => ({ messages: [{ role: "user", content }] })

test("a matrix of tenants, models, headers and texts: each has answers of its own, now and the second time", async () => {
  const whos = [ONE, TWO, "sk-3", "sk-4", "sk-5", "sk-6"]
  const variants: readonly [object, Record<string, string>][] = [
    [{}, {}],
    [{}, { "anthropic-beta": "one-2025" }],
    [{}, { "anthropic-beta": "two-2025" }],
    [{}, { "anthropic-beta": "one-2025,two-2025" }],
    [{}, { "anthropic-version": "2023-01-01" }],
    [{ model: "n" }, {}],
    [{ model: "M" }, {}],
    [{ model: "m " }, {}],
    [{ model: "../m" }, {}],
    [{ model: "m/../m" }, {}],
    [{ model: "m:m" }, {}],
    [{ model: "m?x=1" }, {}],
    [{ model: "m#x" }, {}],
    [{ model: "m\u0000" }, {}],
    [{ model: "__proto__" }, {}],
    [{ system: "a" }, {}],
    [{ system: [{ type: "text", text: "a" }] }, {}],
    [user("a:b"), {}],
    [user("a/b"), {}],
    [user("a\\b"), {}],
    [user("A/b"), {}],
    [user("a\u0301"), {}],
    [user("\u00e1"), {}],
    [{ max_tokens: 101 }, {}],
  ]
  const round = async (): Promise<(readonly [string | null, string])[]> => {
    const got: (readonly [string | null, string])[] = []
    for (const key of whos) for (const [request, headers] of variants) got.push(await ask(key, request, headers))
    return got
  }
  const first = await round()
  expect(first).toEqual(first.map((_, n) => ["miss", `answer ${n + 1}`]))
  await filesOnceThereAre(first.length)
  expect(await round()).toEqual(first.map(([, said]) => ["hit", said]))
})

test("no name leads out of the folder, and files are called by digests alone", async () => {
  for (const model of ["../../../../tmp/x", "..:..:x", "/etc/passwd", "%2e%2e%2fx", "C:\\x", "a\u0000b", "x".repeat(5000)]) {
    await ask("sk-3", { model, ...user(model) })
  }
  const kept = await filesOnceThereAre(7)
  expect(kept.filter((path) => !/\/kept\/plugin\/cache\/[0-9a-f]{64}$/.test(path))).toEqual([])
  expect(await readFile(join(folder, "outside.txt"), "utf8")).toBe("untouched")
})

test("requests at once are each answered, and what is kept is one of them whole", async () => {
  const waiting: (() => void)[] = [] // nobody is answered before all have asked
  backend.now({
    answer(response) {
      waiting.push(() => counting.answer(response))
      if (waiting.length === 40) for (const go of waiting) go()
    },
  })
  const asked = await Promise.all(Array.from({ length: 40 }, (_, n) => ask(n % 2 ? ONE : TWO)))
  expect(asked.map(([found]) => found)).toEqual(asked.map(() => "miss"))
  expect(new Set(asked.map(([, said]) => said)).size).toBe(40)
  await filesOnceThereAre(2)
  await proxy.close() // which waits for what is being written
  proxy = await startCached()
  const [one, two] = [await ask(ONE), await ask(TWO)]
  expect([one[0], two[0]]).toEqual(["hit", "hit"])
  expect(asked.filter((_, n) => n % 2).map(([, said]) => said)).toContain(one[1])
  expect(asked.filter((_, n) => n % 2 === 0).map(([, said]) => said)).toContain(two[1])
})

describe("an answer that is none is not kept", () => {
  const half = `data: ${JSON.stringify({ choices: [{ delta: { content: "half" } }] })}\n\n`
  test.each<[string, Script]>([
    ["a failure", error(500, "no")],
    ["a refusal", error(429, "later")],
    ["one that ends without saying why", raw(half)],
    ["an error in the stream", raw(half, `data: {"error":{"message":"overloaded"}}\n\n`)],
    ["one that breaks off", { answer: (response) => void response.writeHead(200, { "content-type": "text/event-stream" }).write(half, () => response.destroy()) }],
    ["one that was filtered", raw(`data: ${JSON.stringify({ choices: [{ delta: { content: "x" }, finish_reason: "content_filter" }] })}\n\n`)],
  ])("%s", async (_, script) => {
    backend.now(script)
    await ask(ONE, { stream: true })
    await ask(ONE)
    await proxy.close() // which waits for what is being written
    expect(files()).toEqual([])
    proxy = await startCached()
    backend.now(counting)
    expect(await ask(ONE, { stream: true })).toEqual(["miss", "answer 1"])
  })
})

describe("a file that is not as it was written", () => {
  test.each<[string, (text: string) => string | Buffer]>([
    ["is empty", () => ""],
    ["has its first half only", (text) => text.slice(0, text.length / 2)],
    ["lacks its last character", (text) => text.slice(0, -1)],
    ["is bytes", () => Buffer.from([0, 255, 254, 0, 1])],
    ["is another JSON", () => "[1,2,3]"],
    ["is null", () => "null"],
    ["is a text", () => '"text"'],
    ["would set a prototype", () => '{"__proto__":{"polluted":1},"until":9e15,"text":"[]"}'],
    ["is deep", () => `${"[".repeat(100_000)}${"]".repeat(100_000)}`],
    ["has an answer without a message", (text) => text.replace("message_start", "message_stop")],
    ["has an answer without its end", (text) => text.replace("message_stop", "ping")],
    ["has an error for an answer", (text) => text.replace(/\[\[0,.*\]\]/, String.raw`[[0,[{\"type\":\"error\",\"error\":{\"type\":\"api_error\",\"message\":\"x\"}}]]]`)],
    ["is over", (text) => text.replace(/"until":\d+/, '"until":1')],
  ])("%s: a miss, and the next time a hit", async (_, damage) => {
    await ask(ONE)
    const [path = ""] = await filesOnceThereAre(1)
    await writeFile(path, damage(await readFile(path, "utf8")))
    expect(await ask(ONE)).toEqual(["miss", "answer 2"])
    await expect.poll(async () => (await readFile(path, "utf8")).includes("answer 2")).toBe(true)
    expect(await ask(ONE)).toEqual(["hit", "answer 2"])
    expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined()
  })
})
