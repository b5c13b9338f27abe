/** What a start knows before there is a proxy: environment, config, key and log. */
import { dirname, resolve } from "node:path"
import { resolveConfig, type Config, type Settings } from "../config/config.ts"
import type { Mistake } from "../config/mistakes.ts"
import { createLog, createMask, withoutColours, type Log } from "../log.ts"
import { toBanner } from "./banner.ts"
import { readConfigFile, type ConfigFile } from "./config-file.ts"
import { readEnvironment, readVariables, type Variables } from "./environment.ts"
import { makeKey, refuseOpen, writeKey } from "./key.ts"
import { openLogFile, type LogFile } from "./log-file.ts"
import type { OpenOptions, Terminal } from "./open.ts"
import { ownVersion } from "./own-package.ts"
import { displayed } from "./plugin-file.ts"
import { StartError } from "./start-error.ts"

export interface Basis {
  /** The file's, with what variables say. */
  readonly config: Config
  readonly settings: Settings
  /** The config's path, and its folder. */
  readonly file: string
  readonly folder: string
  /** The working folder, whose `.env` counts too. */
  readonly cwd: string
  /** The key that was made because none is set. */
  readonly key: string | undefined
  readonly log: Log
  /** Takes configured keys out of a text. */
  readonly mask: (text: string) => string
  /** Makes a mistake in the config a line, without what variables held. */
  readonly tell: (mistake: Mistake) => string
  /**
   * The text that shows the key that was made, or tells where it is; it never goes to the log.
   *
   * @throws {StartError} when the key cannot be written to its file.
   */
  notice(): Promise<string | undefined>
  /** Shows where the proxy listens and what it does, and the notice if there is one. */
  announce(url: string, plugins: readonly string[], notice: string | undefined): void
  close(): void
}

/** @throws {StartError} when the proxy cannot start as it is told to. */
export async function readBasis(options: OpenOptions, terminal: Terminal): Promise<Basis> {
  const { cwd = process.cwd(), worker } = options
  const { env, config: path } = await readEnvironment(options.env ?? process.env, cwd, options.config)
  const variables = readVariables(env)
  const file = await readConfigFile(path, resolve(cwd, path), env)
  const config = withVariables(file, { ...variables, ...(worker && { host: worker.host, port: worker.port }) })
  const needsKey = (config.keys ?? []).length === 0
  if (needsKey) refuseOpen(config.server?.host ?? "127.0.0.1")
  const key = needsKey ? (options.spareKey ?? makeKey()) : undefined
  const whole = key ? { ...config, keys: [{ name: "default", key }] } : config
  const settings = resolveConfig(whole, file.missing)
  const mask = createMask(settings.secrets)
  const folder = dirname(resolve(cwd, path))
  const logFile = variables.logFile ? openLogFile(resolve(cwd, variables.logFile), terminal.err) : undefined
  const log = toLog(variables, terminal, logFile, mask)
  // What a schema says about a wrong option may quote the option, which may be what a variable held.
  const hide = createMask(file.values)
  return {
    config: whole,
    settings,
    file: resolve(cwd, path),
    folder,
    cwd,
    key,
    log: worker ? log.with({ worker: worker.number }) : log,
    mask,
    tell: (mistake) => hide(file.tell(mistake)),
    // What a worker would show, the process that started it has shown.
    notice: async () => (key && !worker ? noticeFor(key, folder, terminal.tty) : undefined),
    announce(url, plugins, notice) {
      terminal.out(mask(toBanner(settings, { version: ownVersion(), url, plugins })))
      if (notice) terminal.err(`${notice}\n`)
    },
    close: () => logFile?.close(),
  }
}

/** What variables say wins over the file. `PROXY_API_KEY` is a key of the name `default`. */
function withVariables({ config, tell }: ConfigFile, { key, secret, host, port }: Variables): Config {
  const listed = config.keys ?? []
  const clash = listed.findIndex((other) => key !== undefined && (other.name === "default" || other.key === key))
  if (clash >= 0) {
    const message = "is PROXY_API_KEY again, whose name is default; change one of them"
    throw new StartError(tell({ path: ["keys", clash], message }))
  }
  return {
    ...config,
    server: {
      ...config.server,
      ...(host !== undefined && { host }),
      ...(port !== undefined && { port }),
      ...(secret !== undefined && { secret }),
    },
    keys: key === undefined ? listed : [...listed, { name: "default", key }],
  }
}

function toLog(
  { level, noColour }: Variables,
  { err, tty }: Terminal,
  file: LogFile | undefined,
  mask: (text: string) => string,
): Log {
  const write = (line: string): void => {
    err(`${line}\n`)
    file?.write(withoutColours(line))
  }
  return createLog({ level, write, mask, colour: tty && !noColour })
}

async function noticeFor(key: string, folder: string, tty: boolean): Promise<string> {
  const begin = "PROXY_API_KEY is not set, so a key was made for this run"
  if (tty) return `${begin}:\n  export PROXY_API_KEY=${key}`
  const path = displayed(await writeKey(key, folder))
  return `${begin}; it is in ${path}:\n  export PROXY_API_KEY=$(cat ${path})`
}
