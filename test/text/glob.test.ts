import { expect, test } from "vitest"
import { createGlobs } from "../../src/text/glob.ts"

test("a pattern reaches others when some name fits both", () => {
  const globs = createGlobs([["llama", 1], ["claude-*", 2], ["*-latest", 3], ["gpt-*-mini", 4]])
  const names = ["llama", "claude-opus", "ll*", "*", "claude-opus-*", "cl*", "gpt-4*", "x-latest", "*-4-latest", "g*i", "llama-*"]
  expect(names.filter((name) => !globs.reaches(name))).toEqual([])
  expect(["llam", "gpt-4", "claude", ""].filter((name) => globs.reaches(name))).toEqual([])
})

test("ends that overlap in a name too short for both are no match", () => {
  const globs = createGlobs([["ab*ba", 1]])
  expect(["aba", "abba", "abxba"].filter((name) => globs.reaches(name))).toEqual(["abba", "abxba"])
})

test("a pattern whose ends clash with those of all others reaches none", () => {
  const globs = createGlobs([["claude-*", 1], ["gpt-*-mini", 2]])
  expect(["cloud*", "gpt-*-nano", "*-turbo"].filter((pattern) => globs.reaches(pattern))).toEqual(["*-turbo"])
})
