/**
 * From files and variables to a proxy: environment, config, key, log, plugins. What listens to requests is
 * `server.ts`, or listhen in development.
 */
import { hash } from "node:crypto"
import { join } from "node:path"
import type { Settings } from "../config/config.ts"
import type { Log } from "../log.ts"
import { createProxy, type Proxy } from "../proxy.ts"
import type { Workers } from "../plugin/workers.ts"
import { readBasis, type Basis } from "./basis.ts"
import { loadPlugins } from "./plugin-folder.ts"
import { firstLine, StartError } from "./start-error.ts"
import { keepStorage, type OpenStorage, type SharedStorage } from "./storage.ts"
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
  /** Whether edits of the config, of `.env` and of plugins take effect by themselves. @default true */
  readonly watch?: boolean
  /** Which config this is since the start. @default 1 */
  readonly generation?: number
  /** Of a process that is one of several. */
  readonly worker?: WorkerPart
}

/** What a worker is told by the process that started it, and what it has together with the others. */
export interface WorkerPart {
  /** How the log calls it. */
  readonly number: number
  /** Where all of them listen, whatever config and variables say by now. */
  readonly host: string
  readonly port: number
  readonly storage: SharedStorage
  readonly workers: Workers
}

export interface Opened {
  readonly proxy: Proxy
  readonly settings: Settings
  /** The names of the plugins, in order. */
  readonly plugins: readonly string[]
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

/**
 * @param given What is known already. @default what the options say
 * @throws {StartError} when the proxy cannot start as it is told to.
 */
export async function openProxy(options: OpenOptions = {}, given?: Basis): Promise<Opened> {
  const basis = given ?? (await readBasis(options, options.terminal ?? TERMINAL))
  const { config, settings, file, folder, cwd, key, log, mask, tell } = basis
  const { fresh, worker, generation = 1 } = options
  try {
    const plugins = await loadPlugins(config.plugins ?? [], join(folder, "plugins"), tell, fresh)
    const names = plugins.map(({ plugin }) => plugin.name)
    const notice = await basis.notice()
    const storage = await keepStorage(config.storage ?? {}, folder, tell, options.storage, worker?.storage)
    const proxy = await createProxy(settings, {
      plugins,
      log,
      fetch: undiciFetch,
      digest: sha256,
      storage: storage.storage,
      generation,
      ...(worker && { workers: worker.workers }),
    })
    return {
      proxy,
      settings,
      plugins: names,
      log,
      file,
      folder,
      cwd,
      storage,
      key,
      announce: (url) => basis.announce(url, names, notice),
      close: async (kept) => {
        await proxy.close()
        if (kept !== storage) await storage.storage.dispose()
        basis.close()
      },
    }
  } catch (error) {
    basis.close()
    throw toStartError(error, mask)
  }
}

/** A failure in words. The stack goes along as text, freed of keys, for who asks for it with `LOG_LEVEL=debug`. */
export function toStartError(thrown: unknown, mask: (text: string) => string): StartError {
  const error = thrown instanceof Error ? thrown : new Error(String(thrown))
  const words = error instanceof StartError ? error.message : `llm-proxy: ${firstLine(error.message)}`
  const { stack = "" } = error.cause instanceof Error ? error.cause : error
  return new StartError(mask(words), { cause: mask(stack) })
}

function sha256(text: string): Uint8Array {
  return hash("sha256", text, "buffer")
}
