/**
 * The key for a start without one. On a loopback address a key is made for the run, so that trying the proxy needs no
 * set-up and a web page or another user of the machine still cannot use it; elsewhere there is no start without a key.
 */
import { randomBytes } from "node:crypto"
import { chmod, mkdir, rename, rm, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { reasonOf, StartError } from "./start-error.ts"

/** Whether only this machine can reach the address. */
export function isLoopback(host: string): boolean {
  return /^127(\.\d{1,3}){3}$/.test(host) || host === "::1" || host.toLowerCase() === "localhost"
}

/** `sk-proxy-` and 32 random characters, 192 bits. */
export function makeKey(): string {
  return `sk-proxy-${randomBytes(24).toString("base64url")}`
}

/** @throws {StartError} when others can reach the address: they could use the backends' keys. */
export function refuseOpen(host: string): void {
  if (isLoopback(host)) return
  const why = `other machines can reach ${JSON.stringify(host)}, so a key is needed`
  throw new StartError(`server.host: ${why}: set PROXY_API_KEY, or keys: in the config`)
}

/**
 * Writes the key to `.llm-proxy/key` for who started the program without a terminal. Only its owner can read it, and
 * git does not see the folder.
 *
 * @param folder Where `.llm-proxy` is made: the config's folder.
 * @returns the file's path.
 * @throws {StartError} when it cannot be written.
 */
export async function writeKey(key: string, folder: string): Promise<string> {
  const path = join(folder, ".llm-proxy", "key")
  const next = `${path}.${process.pid}`
  try {
    await makeOwnFolder(folder)
    // A new file takes the old one's place: its mode is what was asked for, and a link at this name leads nowhere.
    await rm(next, { force: true })
    await writeFile(next, `${key}\n`, { mode: 0o600, flag: "wx" })
    await rename(next, path)
    return path
  } catch (error) {
    throw new StartError(`${path}: the key for this run cannot be written (${reasonOf(error)}); set PROXY_API_KEY`, {
      cause: error,
    })
  }
}

/**
 * Makes `.llm-proxy`, which only its owner can read and git does not see.
 *
 * @param folder The config's.
 * @returns its path.
 */
export async function makeOwnFolder(folder: string): Promise<string> {
  const path = join(folder, ".llm-proxy")
  await mkdir(path, { recursive: true, mode: 0o700 })
  await chmod(path, 0o700)
  await writeFile(join(path, ".gitignore"), "*\n")
  return path
}
