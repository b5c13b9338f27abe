/** docs/examples/nuxt: the proxy under /api/llm, and a page that talks to it, in a real browser. */
import { chromium, type Browser, type Page } from "playwright-core"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { controlled } from "../_backend.ts"
import { delta } from "../_proxy.ts"
import { run } from "./_folders.ts"
import { describeEmbedded } from "./_laws.ts"
import { installExample, pack } from "./_package.ts"
import { KEY, startExample, type Embedded } from "./_server.ts"
import { findBrowser } from "./_tools.ts"

let embedded: Embedded
beforeAll(async () => {
  const cwd = await installExample("nuxt", await pack())
  await run(cwd, process.execPath, "node_modules/nuxt/bin/nuxt.mjs", "build")
  embedded = await startExample({ command: process.execPath, args: [".output/server/index.mjs"], cwd }, "/api/llm")
})

describeEmbedded(() => embedded)

const browserPath = findBrowser()
describe.skipIf(!browserPath)("the chat page, in Chromium", () => {
  let browser: Browser
  beforeAll(async () => {
    browser = await chromium.launch({ executablePath: browserPath ?? "", args: ["--no-sandbox"] })
  })
  afterAll(() => browser?.close())

  test("an answer grows as the backend says it", async () => {
    const script = controlled()
    embedded.backend.play(script)
    const page = await open(browser, KEY)
    await ask(page, "Hello")
    await script.opened
    script.push(delta({ role: "assistant", content: "one " }))
    await page.getByText("one", { exact: true }).waitFor()
    script.push(delta({ content: "two" }))
    await page.getByText("one two", { exact: true }).waitFor()
    script.push(delta({}, "stop"))
    script.push("data: [DONE]\n\n")
    script.end()
    await page.getByRole("button", { name: "Ask" }).waitFor()
    expect(await page.locator("p").allTextContents()).toEqual(["Hello", "one two"])
  })

  test("Stop leaves the backend", async () => {
    const script = controlled()
    embedded.backend.play(script)
    const page = await open(browser, KEY)
    await ask(page, "Hello")
    await script.opened
    script.push(delta({ role: "assistant", content: "one " }))
    await page.getByText("one", { exact: true }).waitFor()
    await page.getByRole("button", { name: "Stop" }).click()
    expect(await script.closed).toBe(true)
    await page.getByRole("button", { name: "Ask" }).waitFor()
    expect(await page.locator("p").allTextContents()).toEqual(["Hello", "one "])
  })

  test("a wrong key is told in the proxy's words", async () => {
    const page = await open(browser, "sk-wrong")
    await ask(page, "Hello")
    await page.getByRole("alert").waitFor()
    expect(await page.getByRole("alert").textContent()).toBe("invalid x-api-key")
  })
})

async function open(browser: Browser, key: string): Promise<Page> {
  const page = await browser.newPage()
  page.setDefaultTimeout(15_000)
  // What is typed before Vue has begun is lost.
  await page.goto(new URL("/", embedded.url).href, { waitUntil: "networkidle" })
  await page.getByLabel("Key").fill(key)
  return page
}

async function ask(page: Page, question: string): Promise<void> {
  await page.getByLabel("Question").fill(question)
  await page.getByRole("button", { name: "Ask" }).click()
}
