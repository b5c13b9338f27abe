/** Files that commands write: nothing is overwritten unasked, and what holds keys is its owner's alone. */
import { readFile, rename, rm, writeFile } from "node:fs/promises"
import { existsSync } from "node:fs"
import { parseEnv } from "node:util"
import { displayed } from "../plugin-file.ts"
import { codeOf, reasonOf, StartError } from "../start-error.ts"

/** @throws {StartError} where there is a file and it must not be replaced. */
export function refuseExisting(path: string, force: boolean): void {
  if (force || !existsSync(path)) return
  throw new StartError(`${displayed(path)}: is there already, and was left as it is; --force replaces it`)
}

/** @throws {StartError} when it cannot be written, or is there. */
export async function writeConfig(path: string, text: string, force: boolean): Promise<void> {
  try {
    await writeFile(path, text, { flag: force ? "w" : "wx" })
  } catch (error) {
    if (codeOf(error) === "EEXIST") refuseExisting(path, false)
    throw new StartError(`${displayed(path)}: ${reasonOf(error)}`, { cause: error })
  }
}

/** The variables of a `.env`; none where there is no file. */
export async function readDotEnv(path: string): Promise<Readonly<Record<string, string | undefined>>> {
  const text = await readFile(path, "utf8").catch(() => "")
  return parseEnv(text)
}

/**
 * Adds variables behind what a `.env` holds. What comes of it is a new file in the old one's place, which only its
 * owner can read.
 *
 * @throws {StartError} when it cannot be written.
 */
export async function addToDotEnv(
  path: string,
  variables: Readonly<Record<string, string>>,
  comment: string,
): Promise<void> {
  const next = `${path}.${process.pid}`
  const lines = Object.entries(variables).map(([name, value]) => `${name}=${quote(value)}\n`)
  try {
    const before = existsSync(path) ? await readFile(path, "utf8") : ""
    const gap = before === "" ? "" : before.endsWith("\n") ? "\n" : "\n\n"
    await rm(next, { force: true })
    await writeFile(next, `${before}${gap}# ${comment}\n${lines.join("")}`, { mode: 0o600, flag: "wx" })
    await rename(next, path)
  } catch (error) {
    throw new StartError(`${displayed(path)}: ${reasonOf(error)}`, { cause: error })
  }
}

/** As Node's parser reads it back: in quotes that are not in the value. */
function quote(value: string): string {
  if (/^[\w.+/:=@-]+$/.test(value)) return value
  const mark = ["'", '"', "`"].find((one) => !value.includes(one)) ?? '"'
  return `${mark}${value}${mark}`
}
