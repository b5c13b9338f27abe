/**
 * Configs made to break who reads them. Faults of the list, and what must hold:
 *
 * | Fault | |
 * | --- | --- |
 * | 24 billion laughs, names twice, tabs, `!!js`, huge numbers, what variables hold | a clear line with its place, never a crash |
 * | 24 patterns of model names that make a regular expression slow | patterns are no regular expressions |
 * | 25 headers that belong to the connection, in `headers:` of a backend | refused with line and column |
 *
 * How long all that takes is measured in `slow/hostile-config.test.ts`.
 */
import { expect, test } from "vitest"
import { parseConfig } from "../../src/node/config-file.ts"
import { StartError } from "../../src/node/start-error.ts"
import { startProxy } from "../_proxy.ts"
import { DEMO } from "../node/_start.ts"
import { HOSTILE } from "./_configs.ts"

function firstMistake(text: string, env: Record<string, string> = {}): string {
  try {
    parseConfig(text, "config.yaml", env)
    return "none"
  } catch (error) {
    return error instanceof StartError ? (error.message.split("\n")[0] ?? "") : `not told: ${String(error)}`
  }
}

test.each(HOSTILE)("%s: is a line that says where and what", (_, text, says) => {
  expect(firstMistake(text)).toEqual(typeof says === "string" ? says : expect.stringMatching(says))
  expect(({} as { a?: unknown }).a).toBeUndefined()
})

test("what a variable holds is a value, whatever it looks like", () => {
  const hostile = 'x"\nkeys: [{ name: evil, key: evil }]\n#'
  const { config } = parseConfig(`${DEMO.replace("model: demo", 'model: "${A}"')}`, "config.yaml", { A: hostile })
  expect(config).toEqual({ models: { demo: { backend: "demo", model: hostile } }, backends: { demo: { base_url: "demo:" } } })
})

test("what a variable holds is not looked through for variables", () => {
  const { config } = parseConfig(DEMO.replace("model: demo", 'model: "${A}"'), "config.yaml", { A: "${B}", B: "secret" })
  expect(config.models["demo"]?.model).toBe("${B}")
})

test("an alias is what its anchor was last, also where a mapping is used again", () => {
  const text = `models:
  a: &a { backend: &b demo, model: one }
  b: { backend: demo, model: &b two }
  c: *a
  d: { backend: demo, model: *b }
backends: { demo: { base_url: "demo:" } }
`
  expect(parseConfig(text, "config.yaml", {}).config.models).toEqual({
    a: { backend: "demo", model: "one" },
    b: { backend: "demo", model: "two" },
    c: { backend: "demo", model: "one" },
    d: { backend: "demo", model: "two" },
  })
})

const OWN = [
  "accept-encoding", "Connection", "content-encoding", "Content-Length", "expect", "keep-alive", "proxy-connection", "TE", "trailer",
  "Transfer-Encoding", "upgrade",
]
test.each(OWN)("a backend's header %s is refused: it belongs to the connection or to the body's form", (name) => {
  const text = `models: {}\nbackends:\n  b:\n    base_url: "https://b.test"\n    headers:\n      x-team: blue\n      ${name}: "5"\n`
  const words = "cannot be set: it belongs to the connection or to the body's form"
  expect(firstMistake(text)).toBe(`config.yaml:7:7 backends.b.headers.${name}: ${words}`)
})

test("a line break in a backend's header is refused, and what it holds not shown", () => {
  const text = `models: {}\nbackends: { b: { base_url: "https://b.test", headers: { x-team: "\${TEAM}" } } }\n`
  const said = firstMistake(text, { TEAM: "blue\r\nx-evil: 1" })
  expect(said).toBe("config.yaml:2:57 backends.b.headers.x-team: must be printable ASCII in one line")
})

test("names and patterns that make regular expressions slow are names and patterns", async () => {
  const evil = "(a+)+$"
  const proxy = await startProxy({
    models: { [`${"*a".repeat(30)}*b`]: { backend: "demo", model: "x" }, [evil]: { backend: "demo", model: "x" } },
    backends: { demo: { base_url: "demo:" } },
  })
  const statuses = ["a".repeat(100_000), `${"a".repeat(100_000)}b`, evil, "aaaa"].map(async (model) => (await proxy.send({ model })).status)
  expect(await Promise.all(statuses)).toEqual([404, 200, 200, 404])
  await proxy.close()
})
