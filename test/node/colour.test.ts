import { readFile } from "node:fs/promises"
import { join } from "node:path"
import { expect, test, vi } from "vitest"
import { openProxy } from "../../src/node/open.ts"
import { DEMO, folderOf } from "./_start.ts"

const CONFIG = `${DEMO}plugins:\n  - log: { format: pretty }\n`
const question = { model: "demo", max_tokens: 9, messages: [{ role: "user", content: "Hi" }] }

/** What a terminal and the log file show of a request. */
async function shown(tty: boolean, env: Readonly<Record<string, string>>): Promise<readonly string[]> {
  const cwd = await folderOf({ "config.yaml": CONFIG })
  let text = ""
  const { proxy, close } = await openProxy({
    cwd,
    env: { PROXY_API_KEY: "key-of-the-test", LOG_FILE: "a.log", ...env },
    terminal: { tty, out: () => {}, err: (more) => void (text += more) },
  })
  const headers = { "x-api-key": "key-of-the-test" }
  const body = JSON.stringify(question)
  await (await proxy.fetch(new Request("http://localhost/v1/messages", { method: "POST", headers, body }))).text()
  await vi.waitFor(() => expect(text).toContain(" demo"))
  await close()
  return [text, await readFile(join(cwd, "a.log"), "utf8")].map((told) => told.replace(/\d\d:\d\d:\d\d/, "T").slice(0, 16))
}

const PLAIN = "T  200  "

test("lines have colours on a terminal, and none in the log file", async () => {
  expect(await shown(true, {})).toEqual(["\u001b[2mT\u001b[0m  \u001b[32m", expect.stringContaining(PLAIN)])
})

test.each([
  ["where NO_COLOR says so", true, { NO_COLOR: "1" }],
  ["where there is no terminal", false, {}],
])("lines have no colours %s", async (_, tty, env) => {
  expect(await shown(tty, env)).toEqual([expect.stringContaining(PLAIN), expect.stringContaining(PLAIN)])
})
