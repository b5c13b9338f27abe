import { readdirSync, readFileSync } from "node:fs"
import { dirname, join, relative, resolve } from "node:path"
import { describe, expect, test } from "vitest"
import { FLAGS } from "../src/backends/index.ts"
import { graphOf } from "./_graph.ts"

/** Which files of src may import which, read from the import lines: the layout as a rule. */

const root = resolve(import.meta.dirname, "..")
const files = [...tsFiles("src"), ...tsFiles("plugins")]

interface Import {
  readonly from: string
  /** A path from the root, or a package's name. */
  readonly to: string
  readonly typeOnly: boolean
}

const imports: readonly Import[] = files.flatMap((from) => {
  const text = readFileSync(join(root, from), "utf8")
  return [...text.matchAll(/^(?:import|export)\s+(type\s)?[^"']*?from\s+"([^"]+)"|^import\s+"([^"]+)"/gm)].map(
    ([, type, named, bare]) => {
      const wanted = named ?? bare ?? ""
      const to = wanted.startsWith(".") ? relative(root, resolve(root, dirname(from), wanted)) : wanted
      return { from, to, typeOnly: type !== undefined }
    },
  )
})

function tsFiles(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts"))
    .map((name) => join(folder, name))
}

/** Imports of these files that no pattern allows. */
function strays(from: RegExp, ...allowed: readonly RegExp[]): string[] {
  return imports
    .filter((one) => from.test(one.from) && !allowed.some((pattern) => pattern.test(one.to)))
    .map((one) => `${one.from} → ${one.to}`)
}

/** Who imports a package. */
function doors(name: string): string[] {
  return [...new Set(imports.filter(({ to }) => to === name || to.startsWith(`${name}/`)).map(({ from }) => from))].toSorted()
}

describe("directions", () => {
  test("a stage never imports a stage", () => {
    const stages = imports.filter(({ from, to, typeOnly }) => from.startsWith("src/stages/") && to.startsWith("src/stages/") && !typeOnly)
    expect(stages).toEqual([])
  })

  test("the pipeline knows contexts and places, not what stands there", () => {
    expect(strays(/^src\/pipeline\.ts$/, /^src\/stage\.ts$/)).toEqual([])
  })

  test("wires know both APIs, profiles and steps, and nothing of HTTP, config or Node", () => {
    expect(
      strays(/^src\/wires\//, /^src\/(wires|anthropic|backends|stream)\//, /^src\/(error|log)\.ts$/, /^src\/text\//),
    ).toEqual([])
  })

  test("the client's side knows no wire", () => {
    expect(strays(/^src\/anthropic\//, /^src\/anthropic\//, /^src\/(error|log)\.ts$/, /^valibot$/)).toEqual([])
  })

  test("profiles are data", () => {
    expect(strays(/^src\/backends\//, /^src\/backends\//)).toEqual([])
  })

  test("translation reads flags, and no backend's name", () => {
    const named = files.filter((file) => file.startsWith("src/wires/")).flatMap((file) => {
      const code = readFileSync(join(root, file), "utf8").replaceAll(/\/\*[^]*?\*\/|\/\/.*$/gm, "")
      // One profile has the name of its API.
      return Object.keys(FLAGS).filter((name) => name !== "anthropic").filter((name) => new RegExp(`(["'\`])${name}\\1`).test(code))
    })
    expect(named).toEqual([])
  })

  test("plugins import the public name alone, and nobody in src imports a plugin", () => {
    expect(strays(/^plugins\//, /^llm-proxy$/)).toEqual([])
    expect(imports.filter(({ from, to }) => from.startsWith("src/") && to.startsWith("plugins/"))).toEqual([])
  })
})

describe("one door a package", () => {
  test.each<[string, readonly RegExp[]]>([
    ["h3", [/^src\/(proxy|dev|embed\/mount)\.ts$/]],
    ["ofetch", [/^src\/node\/commands\/ask-server\.ts$/]],
    ["eventsource-parser", [/^src\/stream\/sse\.ts$/]],
    ["valibot", [/^src\/anthropic\//, /^src\/config/, /^src\/index\.ts$/, /^src\/node\/config-schema\.ts$/]],
    ["yaml", [/^src\/node\//]],
    ["defu", [/^src\/config/]],
    [
      "unstorage",
      [
        /^src\/(line|proxy)\.ts$/, /^src\/(state|plugin)\//,
        /^src\/(testing\/index|node\/storage|node\/workers\/held-storage)\.ts$/,
      ],
    ],
    ["@noble/ciphers", [/^src\/state\/carrier\.ts$/]],
    ["undici", [/^src\/node\/(undici|pump)\.ts$/]],
  ])("%s", (name, allowed) => {
    const found = doors(name)
    expect(found.length).toBeGreaterThan(0)
    expect(found.filter((from) => !allowed.some((pattern) => pattern.test(from)))).toEqual([])
  })
})

describe("what is for every platform needs nothing of Node", () => {
  const entries = ["src/index.ts", "src/embed/nitro.ts", "src/embed/nuxt.ts", "src/testing/index.ts", ...tsFiles("plugins")]

  test.each(entries)("%s", (entry) => {
    for (const platform of ["workerd", "browser", "deno", "bun"]) {
      const { files, node } = graphOf(join(root, entry), ["llm-proxy", platform])
      expect(node).toEqual([])
      expect([...files].filter((file) => file.startsWith(join(root, "src/node")))).toEqual([])
      expect(files.size).toBeGreaterThan(10)
    }
  })

  test("what does need it is seen", () => {
    expect(graphOf(join(root, "src/node/index.ts"), ["llm-proxy", "workerd"]).node).not.toEqual([])
  })
})
