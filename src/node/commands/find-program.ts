/** Where a program is that one names as in a shell. */
import { accessSync, constants, statSync } from "node:fs"
import { delimiter, resolve } from "node:path"
import type { Env } from "../substitute.ts"

/** @returns its path, as `PATH` has it; undefined where there is none that may be run. */
export function findProgram(name: string, { PATH = "" }: Env): string | undefined {
  const endings = process.platform === "win32" ? ["", ".exe"] : [""]
  const folders = /[/\\]/.test(name) ? ["."] : PATH.split(delimiter).filter(Boolean)
  return folders.flatMap((folder) => endings.map((ending) => resolve(folder, name + ending))).find(isProgram)
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return statSync(path).isFile()
  } catch {
    return false
  }
}
