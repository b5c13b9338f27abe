/** What generations share. */
import { writeFile } from "node:fs/promises"
import { join } from "node:path"
import { expect, test } from "vitest"
import { openGenerations } from "../../src/node/generations.ts"
import { DEMO, folderOf, recorder } from "./_start.ts"

test("a storage stays open for an answer that runs on it, whoever else has let it go", async () => {
  const folder = await folderOf({ "config.yaml": DEMO })
  const env = { PROXY_API_KEY: "sk-generations", LOG_LEVEL: "silent" }
  const generations = await openGenerations({ cwd: folder, env, terminal: recorder() })
  const edit = async (text: string): Promise<void> => {
    await writeFile(join(folder, "config.yaml"), text)
    await generations.reload()
  }
  const { storage } = generations.first.storage
  await storage.setItem("x", 1)
  const over = generations.begin()
  await edit(`${DEMO}# the same storage\n`)
  await edit(`${DEMO}storage: { default: { driver: memory } }\n`)
  expect(generations.current.storage).not.toBe(generations.first.storage)
  expect(await storage.getItem("x")).toBe(1)
  over()
  await expect.poll(() => storage.getItem("x")).toBeNull()
  await generations.close()
})
