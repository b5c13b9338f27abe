/**
 * Fault 24, how long it takes to say what is wrong with a config that was made to break who reads it: a fraction of a
 * second each, where some once took a minute. What is said is in `../hostile-config.test.ts`.
 */
import { expect, test } from "vitest"
import { createGlobs } from "../../../src/text/glob.ts"
import { parseConfig } from "../../../src/node/config-file.ts"
import { StartError } from "../../../src/node/start-error.ts"
import { HOSTILE } from "../_configs.ts"

/** Milliseconds; a generous bound for a machine that does other things too. */
const MOST = 2000

test.each(HOSTILE)("%s: is told soon", (title, text) => {
  const began = performance.now()
  expect(() => parseConfig(text, "config.yaml", {})).toThrow(StartError)
  const took = performance.now() - began
  process.stdout.write(`${title}: ${took.toFixed(0)} ms\n`)
  expect(took).toBeLessThan(MOST)
})

test("a name of a megabyte is matched with a thousand patterns in linear time", () => {
  const globs = createGlobs(Array.from({ length: 1000 }, (_, n): [string, number] => [`${"*a".repeat(20)}*${n}!`, n]))
  const began = performance.now()
  expect(globs.match("a".repeat(1_000_000))).toBeUndefined()
  expect(performance.now() - began).toBeLessThan(MOST)
})
