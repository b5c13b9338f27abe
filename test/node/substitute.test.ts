import { expect, test } from "vitest"
import { substitute } from "../../src/node/substitute.ts"

const ENV = { HOST: "https://h", PORT: "8081", EMPTY: "", ODD: 'a"b\nc: ${PORT} $$', A: "1", B: "2" }

test.each([
  ["${HOST}/v1", "https://h/v1"],
  ["${A}${B}", "12"],
  ["${EMPTY:-x}", "x"],
  ["${UNSET:-x:y}", "x:y"],
  ["${A:-x}", "1"],
  ["${UNSET:-}", ""],
  ["${UNSET:-${A}-${NOT:-${B}}}", "1-2"],
  ["${A:?needed}", "1"],
  ["$${A} costs 5$$, $5 or $A", "${A} costs 5$, $5 or $A"],
  ["$", "$"],
  ["{A}", "{A}"],
])("%s becomes %s", (text, wanted) => {
  const { text: done, unset, faults } = substitute(text, ENV)
  expect({ done, unset, faults }).toEqual({ done: wanted, unset: [], faults: [] })
})

test("what a variable holds is not looked through for variables", () => {
  expect(substitute("<${ODD}>", ENV)).toEqual({
    source: "<${ODD}>",
    text: '<a"b\nc: ${PORT} $$>',
    unset: [],
    faults: [],
    values: [ENV.ODD],
    alone: false,
  })
})

test("unset and empty variables are told apart", () => {
  expect(substitute("${NOPE}${EMPTY}", ENV).unset).toEqual([
    { name: "NOPE", empty: false },
    { name: "EMPTY", empty: true },
  ])
})

test("a required variable speaks for itself", () => {
  expect(substitute("${EMPTY:?get one at ${HOST}}", ENV).faults).toEqual(["EMPTY: get one at https://h"])
  expect(substitute("${NOPE:?}", ENV).faults).toEqual(["NOPE is not set"])
})

test.each(["${A-x}", "${1A}", "${}", "${A B}", "${A:=x}"])("%s is refused and not taken for text", (text) => {
  expect(substitute(text, ENV).faults).toEqual([
    `${text} is not a variable; allowed: \${VAR}, \${VAR:-default}, \${VAR:?message}, and $$ for a $`,
  ])
})

test("a brace that is never closed is refused", () => {
  expect(substitute("x${A", ENV).faults).toEqual(["a ${ is not closed; write $$ for a dollar sign"])
})

test.each([
  ["${PORT}", true],
  ["${NOPE:-${PORT}}", true],
  ["${PORT}0", false],
  ["${A}${B}", false],
  ["8081", false],
])("%s is nothing but one substitution: %s", (text, alone) => {
  expect(substitute(text, ENV).alone).toBe(alone)
})
