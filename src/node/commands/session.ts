/** A proxy for one session of Claude Code: in this process, on a free port, with its log in a file. */
import { appendFileSync } from "node:fs"
import { join } from "node:path"
import { makeKey, makeOwnFolder } from "../key.ts"
import type { Terminal } from "../open.ts"
import { displayed } from "../plugin-file.ts"
import { startServer } from "../server.ts"
import { reasonOf, StartError } from "../start-error.ts"
import { survive } from "../survive.ts"

export interface Session {
  readonly url: string
  readonly key: string
  /** Where its log is. */
  readonly log: string
  close(): Promise<void>
}

/**
 * A port of its own lets any number of sessions begin and end as they like.
 *
 * @param key The one clients use; a new one for this session where there is none.
 * @throws {StartError} when the proxy cannot start as it is told to.
 */
export async function startSession(
  config: string | undefined,
  folder: string,
  key: string | undefined,
): Promise<Session> {
  const path = join(await makeOwnFolder(folder), "code.log")
  const write = (text: string): void => appendFileSync(path, text, { mode: 0o600 })
  try {
    write("")
  } catch (error) {
    throw new StartError(`${displayed(path)}: ${reasonOf(error)}`, { cause: error })
  }
  const own = key ?? makeKey()
  const terminal: Terminal = { out: () => {}, err: write, tty: false }
  const env = { ...process.env, HOST: "127.0.0.1", PORT: "0", ...(key === undefined && { PROXY_API_KEY: own }) }
  const server = await startServer({ env, terminal, ...(config !== undefined && { config }) })
  survive(server.log)
  return { url: server.url, key: own, log: displayed(path), close: () => server.close() }
}
