/** The pages of the docs, what stands in them (fenced blocks, tables, links), and how they write flags. */
import { globSync, readFileSync } from "node:fs"
import { join, resolve } from "node:path"
import type { Profile } from "../src/backends/profile.ts"

export const root = resolve(import.meta.dirname, "..")

/** A file of the repository as text. */
export function read(name: string): string {
  return readFileSync(join(root, name), "utf8")
}

const folders = globSync("docs/**/*.md", { cwd: root }).toSorted()

/** Every page, by its path from the root. */
export const pages = ["README.md", "CHANGELOG.md", ".github/SECURITY.md", ...folders].map((name) => {
  return { name, text: read(name) }
})

export interface Block {
  readonly page: string
  readonly language: string
  readonly code: string
  /** Page and line, as a file's name. */
  readonly at: string
}

/** Every fenced block that says its language, in order. */
export const blocks: readonly Block[] = pages.flatMap(({ name, text }) =>
  [...text.matchAll(/^```(\w+)\n(.*?)^```$/gms)].map(({ 1: language = "", 2: code = "", index }) => {
    const line = text.slice(0, index).split("\n").length
    return { language, code, page: name, at: `${name.replaceAll(/\W/g, "-")}-${line}` }
  }),
)

/** The code of the only block of a page that is in this language and has this part in it. */
export function codeOf(page: string, language: string, part: string): string {
  const inPage = blocks.filter((block) => block.page === page && block.language === language)
  const found = inPage.filter((block) => block.code.includes(part))
  const [{ code } = { code: "" }] = found
  if (found.length !== 1) throw new Error(`${page} has ${found.length} blocks with ${part}`)
  return code
}

/** The cells of the first table after a heading, without its head. */
export function tableUnder(page: string, heading: string): string[][] {
  const [, after = ""] = read(page).split(`\n${heading}\n`)
  const [table = ""] = /(?:^\|.*\n)+/m.exec(after) ?? []
  const rows = table.trim().split("\n").slice(2)
  return rows.map((row) => row.split("|").slice(1, -1).map((cell) => cell.trim().replaceAll("`", "")))
}

/** The links to files and headings of this repository. */
export const links = pages.flatMap(({ name, text }) => {
  const found = [...text.replaceAll(/^```.*?^```$/gms, "").matchAll(/\]\(([^)\s]+)\)/g)]
  return found.map(([, link = ""]) => ({ name, link })).filter(({ link }) => !/^\w+:/.test(link))
})

/** What a page's headings are called in links, as GitHub does it. */
export function anchorsOf(text: string): readonly string[] {
  return [...text.matchAll(/^#+ (.*)$/gm)].map(([, title = ""]) => {
    return title.toLowerCase().replaceAll(/[^\p{L}\p{N} _-]/gu, "").replaceAll(" ", "-")
  })
}

/** A profile as one writes it in the config, flags of an inner mapping behind a dot. */
export function flagsOf({ reasoning, schema, ...flags }: Profile): [flag: string, value: string][] {
  const inner = Object.entries({ reasoning, schema }).map(([name, part]) =>
    Object.entries(part).map(([flag, value]): [string, string] => [`${name}.${flag}`, show(value)]),
  )
  return Object.entries(flags).map(([flag, value]): [string, string] => [flag, show(value)]).concat(...inner)
}

function show(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(show).join(", ")}]`
  return typeof value === "string" && /^[\w$][\w./-]*$/.test(value) ? value : JSON.stringify(value)
}
