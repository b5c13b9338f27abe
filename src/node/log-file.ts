/** The file of `LOG_FILE`: lines go to its end, each before the program goes on, so that a crash loses none. */
import { closeSync, openSync, writeSync } from "node:fs"
import { reasonOf, StartError } from "./start-error.ts"

export interface LogFile {
  write(line: string): void
  close(): void
}

/**
 * @param complain Told once when a line cannot be written, because the disk is full; later lines are tried again.
 * @throws {StartError} when the file cannot be opened for writing.
 */
export function openLogFile(path: string, complain: (text: string) => void): LogFile {
  let file: number | undefined
  try {
    file = openSync(path, "a")
  } catch (error) {
    throw new StartError(`LOG_FILE: ${path}: ${reasonOf(error)}`, { cause: error })
  }
  let complained = false
  return {
    write: (line) => {
      if (file === undefined) return
      try {
        writeSync(file, `${line}\n`)
      } catch (error) {
        if (!complained) complain(`LOG_FILE: ${path}: ${reasonOf(error)}`)
        complained = true
      }
    },
    close: () => {
      if (file !== undefined) closeSync(file)
      file = undefined
    },
  }
}
