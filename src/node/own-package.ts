/**
 * Lets a plugin in any folder import `llm-proxy` and get the running program. Without this the name would have to be
 * installed beside the plugin, and a second copy's `ProxyError` or `Flow` would not be `instanceof` this one's.
 */
import { readFileSync } from "node:fs"
import * as nodeModule from "node:module"

/** Whether the program runs from `dist`, not from its sources. */
export const COMPILED = import.meta.url.endsWith(".js")

const NAMES: Readonly<Record<string, string>> = {
  "llm-proxy": new URL(sibling("../index"), import.meta.url).href,
  "llm-proxy/testing": new URL(sibling("../testing/index"), import.meta.url).href,
  "llm-proxy/node": new URL(sibling("./index"), import.meta.url).href,
}

/** On the global object, for a reload in development evaluates this file anew in the same process. */
const DONE = Symbol.for("llm-proxy:own-package")

/** Takes effect once for the process, for whatever is imported from then on. */
export function answerToOwnName(): void {
  if (Reflect.has(globalThis, DONE)) return
  Reflect.set(globalThis, DONE, true)
  nodeModule.registerHooks({
    resolve: (specifier, context, next) => {
      const url = Object.hasOwn(NAMES, specifier) ? NAMES[specifier] : undefined
      return url ? { url, shortCircuit: true } : next(specifier, context)
    },
  })
}

/** This program's version, as its package.json has it. */
export function ownVersion(): string {
  const path = COMPILED ? "../../../package.json" : "../../package.json"
  const { version } = JSON.parse(readFileSync(new URL(path, import.meta.url), "utf8")) as { version: string }
  return version
}

/** Source files import source files, compiled ones compiled ones. */
function sibling(path: string): string {
  return COMPILED ? `${path}.js` : `${path}.ts`
}
