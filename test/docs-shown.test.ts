/** What pages show of the program's own output is what it says, and the list of pages has all of them. */
import { expect, test } from "vitest"
import { resolveConfig } from "../src/config/config.ts"
import { toBanner } from "../src/node/banner.ts"
import { parseConfig } from "../src/node/config-file.ts"
import { StartError } from "../src/node/start-error.ts"
import { links, pages, read } from "./_docs.ts"

const { version } = JSON.parse(read("package.json")) as { version: string }

/** The first block without a language behind these words of a page. */
function shown(page: string, words: string): string {
  const [, after = ""] = read(page).split(words)
  return /^```\n(.*?)^```$/ms.exec(after)?.[1] ?? ""
}

test("the start tells where each model of the shipped config goes", () => {
  const { config, missing } = parseConfig(read("config.yaml"), "config.yaml", {})
  const banner = toBanner(resolveConfig(config, missing), { version, url: "http://127.0.0.1:8081", plugins: [] })
  const told = shown("docs/1.guide/1.start.md", "The start shows where the proxy listens")
  expect(told).toContain("ready\n")
  expect(banner.slice(0, told.length)).toBe(told)
})

test("mistakes are told with their place and what is allowed there", () => {
  const text = 'models: {}\nbackends: {}\nserver:\n  host: "127.0.0.1"\n\n  port: abc\n  a: 1\n'
  let words = ""
  try {
    parseConfig(text, "config.yaml", {})
  } catch (error) {
    if (error instanceof StartError) words = error.message
  }
  expect(`${words}\n`).toBe(shown("docs/1.guide/2.config.md", "\n## Mistakes\n"))
})

test("the list of pages has every page, the guide in its order", () => {
  const listed = links.filter(({ name }) => name === "docs/README.md").map(({ link }) => `docs/${link}`)
  const there = pages.map(({ name }) => name).filter((name) => name.startsWith("docs/") && name !== "docs/README.md")
  expect(listed.toSorted()).toEqual(there.toSorted())
  const guide = listed.filter((name) => name.startsWith("docs/1.guide/"))
  expect(guide).toEqual(guide.toSorted())
})
