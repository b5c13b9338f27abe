/**
 * From files and variables to a proxy: environment, config, key, log, plugins. What listens to requests is
 * `server.ts`, or listhen in development.
 */
import { hash } from "node:crypto"
import { dirname, join, resolve } from "node:path"
import { resolveConfig, type Config, type Settings } from "../config/config.ts"
import type { Mistake } from "../config/mistakes.ts"
import { createLog, createMask, withoutColours, type Log } from "../log.ts"
import { createProxy, type Proxy } from "../proxy.ts"
import { toBanner } from "./banner.ts"
import { readConfigFile, type ConfigFile } from "./config-file.ts"
import { readEnvironment, readVariables, type Variables } from "./environment.ts"
import { makeKey, refuseOpen, writeKey } from "./key.ts"
import { openLogFile, type LogFile } from "./log-file.ts"
import { ownVersion } from "./own-package.ts"
import { displayed } from "./plugin-file.ts"
import { loadPlugins } from "./plugin-folder.ts"
import { firstLine, StartError } from "./start-error.ts"
import { keepStorage, type OpenStorage } from "./storage.ts"
import type { Env } from "./substitute.ts"
import { undiciFetch } from "./undici.ts"

/** Where a start shows itself. */
export interface Terminal {
  out(text: string): void
  err(text: string): void
  /** Whether a person reads `err`: a key made for the run is shown there, else written to a file. */
  readonly tty: boolean
}

export interface OpenOptions {
  /** Path of the config. @default `LLM_PROXY_CONFIG`, or config.yaml in the working folder */
  readonly config?: string
  /** @default the process's variables */
  readonly env?: Env
  /** @default the process's working folder */
  readonly cwd?: string
  /** @default standard output and standard error */
  readonly terminal?: Terminal
  /** The key to use when none is set, instead of a new one. */
  readonly spareKey?: string
  /** Of the proxy before this one; used on where the config says the same about it. */
  readonly storage?: OpenStorage
  /** Imports plugins anew: a word that tells this import from those before it. */
  readonly fresh?: string
}

export interface Opened {
  readonly proxy: Proxy
  readonly settings: Settings
  readonly log: Log
  /** The config's path, and its folder. */
  readonly file: string
  readonly folder: string
  /** The working folder, whose `.env` counts too. */
  readonly cwd: string
  readonly storage: OpenStorage
  /** The key that was made because none is set. */
  readonly key: string | undefined
  /** Shows where the proxy listens and what it does, and the key if it was made for this run. */
  announce(url: string): void
  /** @param kept Storage that somebody else goes on with. */
  close(kept?: OpenStorage): Promise<void>
}

/** The process's own. */
export const TERMINAL: Terminal = {
  out: (text) => void process.stdout.write(text),
  err: (text) => void process.stderr.write(text),
  tty: process.stderr.isTTY === true,
}

/** @throws {StartError} when the proxy cannot start as it is told to. */
export async function openProxy(options: OpenOptions = {}): Promise<Opened> {
  const { cwd = process.cwd(), terminal = TERMINAL } = options
  const { env, config: path } = await readEnvironment(options.env ?? process.env, cwd, options.config)
  const variables = readVariables(env)
  const file = await readConfigFile(path, resolve(cwd, path), env)
  const config = withVariables(file, variables)
  const needsKey = (config.keys ?? []).length === 0
  if (needsKey) refuseOpen(config.server?.host ?? "127.0.0.1")
  const made = needsKey ? (options.spareKey ?? makeKey()) : undefined
  const settings = resolveConfig(made ? { ...config, keys: [{ name: "default", key: made }] } : config, file.missing)
  const mask = createMask(settings.secrets)
  const logFile = variables.logFile ? openLogFile(resolve(cwd, variables.logFile), terminal.err) : undefined
  try {
    const folder = dirname(resolve(cwd, path))
    const log = toLog(variables, terminal, logFile, mask)
    // What a schema says about a wrong option may quote the option, which may be what a variable held.
    const hide = createMask(file.values)
    const tell = (mistake: Mistake) => hide(file.tell(mistake))
    const plugins = await loadPlugins(config.plugins ?? [], join(folder, "plugins"), tell, options.fresh)
    const notice = made && (await noticeFor(made, folder, terminal.tty))
    const storage = await keepStorage(config.storage ?? {}, folder, tell, options.storage)
    const proxy = await createProxy(settings, { plugins, log, fetch: undiciFetch, digest: sha256, storage: storage.storage })
    return {
      proxy,
      settings,
      log,
      file: resolve(cwd, path),
      folder,
      cwd,
      storage,
      key: made,
      announce: (url) => {
        const names = plugins.map(({ plugin }) => plugin.name)
        terminal.out(mask(toBanner(settings, { version: ownVersion(), url, plugins: names })))
        if (notice) terminal.err(`${notice}\n`)
      },
      close: async (kept) => {
        await proxy.close()
        if (kept !== storage) await storage.storage.dispose()
        logFile?.close()
      },
    }
  } catch (error) {
    logFile?.close()
    throw toStartError(error, mask)
  }
}

/** The stack goes along as text, freed of keys, for who asks for it with `LOG_LEVEL=debug`. */
function toStartError(thrown: unknown, mask: (text: string) => string): StartError {
  const error = thrown instanceof Error ? thrown : new Error(String(thrown))
  const words = error instanceof StartError ? error.message : `llm-proxy: ${firstLine(error.message)}`
  const { stack = "" } = error.cause instanceof Error ? error.cause : error
  return new StartError(mask(words), { cause: mask(stack) })
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

/** The one text that shows a key, or tells where it is. It never goes to the log. */
async function noticeFor(key: string, folder: string, tty: boolean): Promise<string> {
  const begin = "PROXY_API_KEY is not set, so a key was made for this run"
  if (tty) return `${begin}:\n  export PROXY_API_KEY=${key}`
  const path = displayed(await writeKey(key, folder))
  return `${begin}; it is in ${path}:\n  export PROXY_API_KEY=$(cat ${path})`
}

function sha256(text: string): Uint8Array {
  return hash("sha256", text, "buffer")
}
