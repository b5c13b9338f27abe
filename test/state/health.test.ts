import { afterEach, beforeEach, expect, test, vi } from "vitest"
import { resolveConfig } from "../../src/config/config.ts"
import { createHealth } from "../../src/state/health.ts"

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

const { backends } = resolveConfig(
  { models: {}, backends: { a: { base_url: "http://a/v1" }, b: { base_url: "http://b/v1" } } },
  new Map([["b", ["B_KEY", "B_HOST"]]]),
)
const ready = { name: "a", ready: true, reason: undefined }
const unset = { name: "b", ready: false, reason: "B_KEY, B_HOST not set" }

test("a backend nobody has asked is ready when its variables are set", () => {
  expect(createHealth(backends, (text) => text).states()).toEqual([ready, unset])
})

test("a failure is told, without keys, until a request succeeds", () => {
  const health = createHealth(backends, (text) => text.replace("secret", "[key]"))
  health.failed("a", "cannot be reached with secret")
  expect(health.states()[0]).toEqual({ name: "a", ready: false, reason: "cannot be reached with [key]" })
  health.answered("a")
  expect(health.states()[0]).toEqual(ready)
})

test("a failure is forgotten after half a minute, or nobody would ever try again", () => {
  const health = createHealth(backends, (text) => text)
  health.failed("a", "cannot be reached")
  vi.advanceTimersByTime(29_000)
  expect(health.states()[0]?.ready).toBe(false)
  vi.advanceTimersByTime(2000)
  expect(health.states()[0]).toEqual(ready)
})
