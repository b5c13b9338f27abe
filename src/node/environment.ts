/**
 * What the environment says: the process's variables, then `.env` of the working folder, then `.env` beside the
 * config; what is set first wins, also when it is set to nothing. The process's own variables are never changed.
 */
import { readFile } from "node:fs/promises"
import { dirname, resolve } from "node:path"
import { parseEnv } from "node:util"
import { shorten } from "../config/mistakes.ts"
import { KEY, PORT, SECRET } from "../config/rules.ts"
import { LEVELS, type Level } from "../log.ts"
import { codeOf, reasonOf, StartError } from "./start-error.ts"
import type { Env } from "./substitute.ts"

/** The variables this program itself reads; empty ones count as unset. */
export interface Variables {
  /** `PROXY_API_KEY`: the key clients use. */
  readonly key: string | undefined
  /** `LLM_PROXY_SECRET`, wins over `server.secret`. */
  readonly secret: string | undefined
  /** `LOG_LEVEL`. @default "info" */
  readonly level: Level
  /** `LOG_FILE`: where log lines go too. */
  readonly logFile: string | undefined
  /** `NO_COLOR`: lines are shown without colours, on a terminal too (no-color.org). */
  readonly noColour: boolean
  /** `HOST`, wins over `server.host`. */
  readonly host: string | undefined
  /** `PORT`, wins over `server.port`. */
  readonly port: number | undefined
}

/** Names that other programs give these levels; the first two are Python's. */
const ALIASES: Readonly<Record<string, Level>> = { warning: "warn", critical: "error", fatal: "error" }

/**
 * @param config Path of the config, when it is given otherwise than by `LLM_PROXY_CONFIG`.
 * @returns all variables, and the path of the config as the user wrote it (`config.yaml` by default).
 * @throws {StartError} when a `.env` is there and cannot be read.
 */
export async function readEnvironment(own: Env, cwd: string, config?: string): Promise<{ env: Env; config: string }> {
  const here = { ...(await readDotEnv(resolve(cwd, ".env"))), ...own }
  const path = config ?? (here["LLM_PROXY_CONFIG"] || "config.yaml")
  const beside = resolve(cwd, dirname(path), ".env")
  const env = beside === resolve(cwd, ".env") ? here : { ...(await readDotEnv(beside)), ...here }
  return { env, config: path }
}

/** @throws {StartError} with a line for each variable that is wrong. */
export function readVariables(env: Env): Variables {
  const wrong: string[] = []
  const key = env["PROXY_API_KEY"] || undefined
  if (key && !KEY.pattern.test(key)) wrong.push(`PROXY_API_KEY: ${KEY.rule}`)
  const secret = env["LLM_PROXY_SECRET"] || undefined
  if (secret && secret.length < SECRET.least) wrong.push(`LLM_PROXY_SECRET: ${SECRET.rule}`)
  const level = toLevel(env["LOG_LEVEL"] || "info")
  if (!level) wrong.push(`LOG_LEVEL: must be one of ${LEVELS.join(", ")}, not ${shorten(env["LOG_LEVEL"])}`)
  const port = env["PORT"]?.trim()
  const isPort = !port || (/^\d{1,5}$/.test(port) && Number(port) <= 65_535)
  if (!isPort) wrong.push(`PORT: must be ${PORT}, not ${shorten(port)}`)
  if (wrong.length > 0) throw new StartError(wrong)
  return {
    key,
    secret,
    level: level ?? "info",
    logFile: env["LOG_FILE"] || undefined,
    noColour: Boolean(env["NO_COLOR"]),
    host: env["HOST"]?.trim() || undefined,
    port: port ? Number(port) : undefined,
  }
}

function toLevel(text: string): Level | undefined {
  const wanted = text.trim().toLowerCase()
  return LEVELS.find((level) => level === wanted) ?? (Object.hasOwn(ALIASES, wanted) ? ALIASES[wanted] : undefined)
}

async function readDotEnv(path: string): Promise<Env> {
  try {
    return parseEnv((await readFile(path, "utf8")).replace(/^\uFEFF/, ""))
  } catch (error) {
    const code = codeOf(error)
    // A folder of this name is a Python environment.
    if (code === "ENOENT" || code === "ENOTDIR" || code === "EISDIR") return {}
    throw new StartError(`${path}: ${reasonOf(error)}`, { cause: error })
  }
}
