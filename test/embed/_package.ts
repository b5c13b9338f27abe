/** The package as npm would publish it, and the examples with it installed as a user would have them. */
import { cp, mkdir, readFile, symlink } from "node:fs/promises"
import { basename, join } from "node:path"
import { makeFolder, root, run } from "./_folders.ts"

/** What `npm pack` and the build before it read. */
const READ = [
  "package.json", "tsconfig.json", "README.md", "LICENSE", "config.yaml", ".env.example", "docs/config.schema.json",
  "src", "plugins",
]

/**
 * Packs a copy, so that the clone's own `dist` is neither used nor touched.
 *
 * @returns The path of the tarball, or what `LLM_PROXY_TARBALL` says: one that is to be published.
 */
export async function pack(): Promise<string> {
  const given = process.env["LLM_PROXY_TARBALL"]
  if (given) return given
  const folder = await makeFolder()
  await mkdir(join(folder, "docs"))
  for (const name of READ) await cp(join(root, name), join(folder, name), { recursive: true })
  await symlink(join(root, "node_modules"), join(folder, "node_modules"))
  await run(folder, "npm", "pack")
  const { version } = JSON.parse(await readFile(join(folder, "package.json"), "utf8")) as { version: string }
  return join(folder, `llm-proxy-${version}.tgz`)
}

/**
 * Copies an example of docs/examples and installs what its lock file says, with the tarball as `llm-proxy`.
 *
 * @returns Its folder.
 */
export async function installExample(name: string, tarball: string): Promise<string> {
  const folder = join(await makeFolder(), name)
  const made = new Set(["node_modules", ".output", ".nuxt", ".nitro"])
  await cp(join(root, "docs/examples", name), folder, { recursive: true, filter: (path) => !made.has(basename(path)) })
  await run(folder, "npm", "install", "--no-save", "--include=dev", tarball)
  return folder
}
