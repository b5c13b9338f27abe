/** What is installed with this program, and by whom it is checked: the lock file, the docs' table, the workflow. */
import { globSync } from "node:fs"
import { describe, expect, test } from "vitest"
import { parse } from "yaml"
import { read, tableUnder } from "./_docs.ts"

interface Manifest {
  readonly dependencies: Readonly<Record<string, string>>
  readonly devDependencies: Readonly<Record<string, string>>
  readonly peerDependencies: Readonly<Record<string, string>>
  readonly peerDependenciesMeta: Readonly<Record<string, { readonly optional: boolean }>>
  readonly allowScripts: Readonly<Record<string, boolean>>
  readonly scripts: Readonly<Record<string, string>>
}

interface Locked {
  readonly version: string
  readonly resolved?: string
  readonly integrity?: string
  readonly dev?: boolean
  readonly inBundle?: boolean
  readonly link?: boolean
  readonly hasInstallScript?: boolean
}

const manifest = JSON.parse(read("package.json")) as Manifest
const { "": root, ...locked } = (JSON.parse(read("package-lock.json")) as { packages: Record<string, Locked> & { "": Manifest } }).packages
const packages = Object.entries(locked).map(([path, entry]) => ({ name: path.replace(/^.*node_modules\//, ""), ...entry }))

describe("the lock file", () => {
  test("locks what package.json names, each at one exact version", () => {
    const { dependencies, devDependencies } = manifest
    expect([root.dependencies, root.devDependencies]).toEqual([dependencies, devDependencies])
    const loose = Object.entries({ ...dependencies, ...devDependencies }).filter(([, version]) => !/^(?:npm:@?[\w./-]+@)?\d+\.\d+\.\d+$/.test(version))
    expect(loose).toEqual([])
    expect(Object.entries(dependencies).map(([name, version]) => [name, locked[`node_modules/${name}`]?.version === version])).toEqual(
      Object.keys(dependencies).map((name) => [name, true]),
    )
  })

  test("knows every package's hash, and takes none from elsewhere than the public registry", () => {
    const unhashed = packages.filter(({ integrity, inBundle }) => !inBundle && !integrity?.startsWith("sha512-"))
    const elsewhere = packages.filter(({ resolved = "https://registry.npmjs.org/", link }) => link || !resolved.startsWith("https://registry.npmjs.org/"))
    expect([unhashed, elsewhere]).toEqual([[], []])
    expect(packages.length).toBeGreaterThan(50)
  })

  test("has no package that runs a script as it is installed, but the Node that tests run on", () => {
    const scripted = packages.filter(({ hasInstallScript }) => hasInstallScript)
    expect(scripted.map(({ name, dev }) => [name, dev]).toSorted()).toEqual([["@parcel/watcher", true], ["node", true]])
    // The watcher comes as binaries; its script would only build it anew.
    expect(manifest.allowScripts).toEqual({ node: true, "@parcel/watcher": false })
  })
})

test("this package itself runs nothing as it is installed", () => {
  expect(Object.keys(manifest.scripts).filter((name) => /^(?:pre|post)?(?:install|prepare|uninstall)$|^prepublish$/.test(name))).toEqual([])
})

test("every package of run time has its reason in the docs, and who asks for more installs it", () => {
  const told = tableUnder("docs/6.security.md", "## What it stands on").flatMap(([names = ""]) => names.split(", "))
  expect(told.toSorted()).toEqual(Object.keys(manifest.dependencies).toSorted())
  const [, after = ""] = /\nTwo more([^]*?)\n\n/.exec(read("docs/6.security.md")) ?? []
  const optional = Object.keys(manifest.peerDependencies)
  expect(optional.filter((name) => !after.includes(`\`${name}\``) || !manifest.peerDependenciesMeta[name]?.optional)).toEqual([])
})

describe("workflows", () => {
  const workflows = globSync(".github/workflows/*.yml", { cwd: new URL("..", import.meta.url).pathname })
  test.each(workflows)("%s may read alone, and names actions by commit", (path) => {
    const { permissions } = parse(read(path)) as { permissions: unknown }
    expect(permissions).toEqual({ contents: "read" })
    const used = [...read(path).matchAll(/uses: (.*)$/gm)].map(([, action]) => action)
    expect(used.filter((action) => !/^[\w-]+\/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/.test(action ?? ""))).toEqual([])
    expect(used.length).toBeGreaterThan(0)
    expect(read(path)).not.toMatch(/pull_request_target|secrets\.|\$\{\{ *github\.event/)
  })

  test("install what the lock file says and nothing else", () => {
    expect(read(".ci/run")).toMatch(/^npm ci$/m)
  })
})
