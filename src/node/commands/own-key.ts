/** The key by which a command asks the proxy as a client does. It is never shown. */
import { readFile } from "node:fs/promises"
import { join } from "node:path"
import type { Basis } from "../basis.ts"

/**
 * `PROXY_API_KEY` of the environment or `.env`, else the first of the config's keys, else the one that a proxy without
 * keys has made for its run and written down.
 */
export async function findKey({ settings, key: made, folder }: Basis): Promise<string | undefined> {
  if (made === undefined) {
    const { clients } = settings
    return (clients.find(({ client }) => client.name === "default") ?? clients[0])?.key
  }
  const written = await readFile(join(folder, ".llm-proxy", "key"), "utf8").catch(() => "")
  return written.trim() || undefined
}
