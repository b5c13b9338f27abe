/** The projects of docs/examples, as far as that shows without installing them; test/embed runs them. */
import { globSync, readdirSync, readFileSync } from "node:fs"
import { join, resolve } from "node:path"
import { describe, expect, test } from "vitest"

const root = resolve(import.meta.dirname, "..")
const folder = join(root, "docs/examples")
const entries = readdirSync(folder, { withFileTypes: true })
const examples = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name)

type Versions = Readonly<Record<string, string>>

interface Manifest {
  readonly version: string
  readonly dependencies: Versions
  readonly packages: Readonly<Record<string, { readonly resolved?: string; readonly dependencies?: Versions }>>
}

const read = (path: string): Manifest => JSON.parse(readFileSync(path, "utf8")) as Manifest

describe.each(examples)("docs/examples/%s", (name) => {
  const { dependencies } = read(join(folder, name, "package.json"))
  const lock = read(join(folder, name, "package-lock.json"))

  test("is installed as a user installs it, and its lock file says the same", () => {
    expect(dependencies["llm-proxy"]).toBe(`^${read(join(root, "package.json")).version}`)
    expect(lock.packages[""]?.dependencies).toEqual(dependencies)
  })

  test("has the package's dependencies locked as the package has them", () => {
    expect(lock.packages["node_modules/llm-proxy"]?.dependencies).toEqual(read(join(root, "package.json")).dependencies)
  })

  test("is run by a test", () => {
    const tests = globSync("test/embed/*.test.ts", { cwd: root }).map((file) => readFileSync(join(root, file), "utf8"))
    expect(tests.some((text) => text.includes(`installExample("${name}"`))).toBe(true)
  })
})

test("lock files name no registry: it is the user's", () => {
  const folders = [...examples.map((name) => join(folder, name)), join(root, "test/embed")]
  const packages = folders.flatMap((path) => Object.values(read(join(path, "package-lock.json")).packages))
  expect(packages.flatMap(({ resolved }) => resolved ?? [])).toEqual([])
  expect(packages.length).toBeGreaterThan(500)
})
