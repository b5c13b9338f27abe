/** Entries of `reasoning_details` from their pieces. */
import { expect, test } from "vitest"
import { mergeDetails, type ReasoningDetail } from "../../src/wires/details.ts"

const text = (words: string, more: object = {}): ReasoningDetail => ({ type: "reasoning.text", text: words, index: 0, ...more })

test.each<[string, readonly (readonly ReasoningDetail[])[], readonly ReasoningDetail[]]>([
  ["pieces of one index are one entry", [[text("a")], [text("b")]], [text("ab")]],
  ["entries of one delta are different ones", [[text("a"), text("b")]], [text("a"), text("b")]],
  ["entries without an index are never joined", [[{ type: "reasoning.text", text: "a" }], [{ type: "reasoning.text", text: "b" }]], [{ type: "reasoning.text", text: "a" }, { type: "reasoning.text", text: "b" }]],
  ["a signature belongs to the text before it", [[text("a", { signature: null })], [{ type: "reasoning.text", signature: "s", index: 0 }]], [text("a", { signature: "s" })]],
  ["after its signature an entry is complete", [[text("a", { signature: "s" })], [text("b")]], [text("a", { signature: "s" }), text("b")]],
  ["types are kept apart", [[text("a")], [{ type: "reasoning.encrypted", data: "d", index: 0 }], [text("b")]], [text("ab"), { type: "reasoning.encrypted", data: "d", index: 0 }]],
  ["ids are kept apart, and a missing one is none", [[text("a", { id: "1" })], [text("b", { id: null })], [text("c", { id: "2" })]], [text("ab", { id: "1" }), text("c", { id: "2" })]],
  ["pieces of two indices take turns", [[text("a"), text("x", { index: 1 })], [text("b"), text("y", { index: 1 })]], [text("ab"), text("xy", { index: 1 })]],
  ["unknown fields and types come along", [[{ type: "reasoning.new", index: 0, odd: [1] }]], [{ type: "reasoning.new", index: 0, odd: [1] }]],
])("%s", (_, lists, entries) => {
  expect(mergeDetails(lists)).toEqual(entries)
})
