import { expect, test } from "vitest"
import type { Thinking } from "../../../src/anthropic/types.ts"
import { GENERAL } from "../../../src/backends/profile.ts"
import { extra, translate, type Fields } from "./_translate.ts"

const ALL = ["none", "minimal", "low", "medium", "high", "xhigh", "max"]

/** The effort asked of a backend that knows these. */
function effort(fields: Fields, efforts: readonly string[] = ALL, off: string | null = null): string | undefined {
  return extra(fields, { reasoning: { request: "reasoning_effort", efforts, off } }).reasoning_effort
}

const enabled = (budget_tokens: number): Fields => ({ thinking: { type: "enabled", budget_tokens } })

test.each([
  [1024, "low"],
  [2048, "low"],
  [2049, "medium"],
  [8192, "medium"],
  [8193, "high"],
  [24_576, "high"],
  [24_577, "xhigh"],
  [100_000, "xhigh"],
])("a budget of %i tokens is %s effort", (budget, name) => {
  expect(effort(enabled(budget))).toBe(name)
})

test("an effort beats the budget, and needs no thinking beside it", () => {
  expect(effort({ ...enabled(1024), output_config: { effort: "max" } })).toBe("max")
  expect(effort({ output_config: { effort: "low" } })).toBe("low")
})

test("adaptive thinking leaves the backend its own way unless an effort is given", () => {
  expect(effort({ thinking: { type: "adaptive" } })).toBeUndefined()
  expect(effort({ thinking: { type: "adaptive" }, output_config: { effort: "xhigh" } })).toBe("xhigh")
  expect(effort({})).toBeUndefined()
})

test.each(["disabled", "between_tools"] as const)("thinking %s means off, whatever the effort", (type) => {
  const fields: Fields = { thinking: { type } satisfies Thinking, output_config: { effort: "high" } }
  expect(effort(fields, ALL, "none")).toBe("none")
  expect(effort(fields, ALL, null)).toBeUndefined()
  const { body, notes } = translate(fields, { reasoning: { ...GENERAL.reasoning, request: "none", off: "none" } })
  expect(body).not.toHaveProperty("reasoning_effort")
  expect(notes).toEqual([])
})

test.each<[asked: string, known: readonly string[], given: string | undefined]>([
  ["max", ["low", "medium", "high"], "high"],
  ["xhigh", ["low", "medium", "high", "max"], "high"],
  ["low", ["medium", "high"], "medium"],
  ["medium", ["minimal", "max"], "minimal"],
  ["low", ["none", "high"], "high"],
  ["ultra", ["low", "high"], "high"],
  ["low", ["none"], undefined],
])("effort %s at a backend that knows %j", (asked, known, given) => {
  expect(effort({ output_config: { effort: asked as never } }, known)).toBe(given)
})

test("a system message changes the effort from there on", () => {
  expect(
    effort({
      output_config: { effort: "low" },
      messages: [
        { role: "user", content: "a" },
        { role: "system", output_config: { effort: "medium" } },
        { role: "assistant", content: "b" },
        { role: "user", content: "c" },
        { role: "system", output_config: { effort: "high" } },
        { role: "system", content: "s", output_config: {} },
      ],
    }),
  ).toBe("high")
})

test("a backend that takes no effort is not asked, and the loss is noted", () => {
  const { body, notes } = translate(enabled(2000), { reasoning: { ...GENERAL.reasoning, request: "none" } })
  expect(body).not.toHaveProperty("reasoning_effort")
  expect(notes).toEqual(["thinking effort was dropped: this backend takes none"])
})
