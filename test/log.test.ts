import { expect, test } from "vitest"
import { createLog, createMask, type LogOptions } from "../src/log.ts"

/** What a log with these options writes. */
function written(text: string, options: Partial<LogOptions> = {}): readonly string[] {
  const lines: string[] = []
  const log = createLog({ write: (line) => lines.push(line), mask: createMask(["sk-secret-1"]), ...options })
  log.with({ plugin: "p" }).line("info", text)
  return lines
}

test("a line of another form is written as it is, and whole", () => {
  const long = `{"a":"${"x".repeat(10_000)}"}`
  expect(written(long)).toEqual([long])
})

test("a line of another form has no keys in it and stays one line", () => {
  expect(written('{"key":"sk-secret-1","a":"\u009b"}\n2026 info')).toEqual(['{"key":"[key]","a":"\\u009b"}\\u000a2026 info'])
})

test("colours are left out unless they show, and other sequences never get through", () => {
  const text = "\u001b[32m200\u001b[0m \u001b]0;title\u0007 \u001b[2J"
  expect(written(text)).toEqual(["200 \\u001b]0;title\\u0007 \\u001b[2J"])
  expect(written(text, { colour: true })).toEqual(["\u001b[32m200\u001b[0m \\u001b]0;title\\u0007 \\u001b[2J"])
})

test("a line of another form has a level as others have", () => {
  expect([written("{}", { level: "warn" }), written("{}", { level: "silent" })]).toEqual([[], []])
})
