/** When two requests are the same as far as their answers go: for plugins that keep answers, or share them. */
import { digestText } from "./digest-text.ts"
import { forward } from "../dial/forward.ts"
import { sorted } from "./sorted.ts"
import type { Parsed } from "../stage.ts"
import { wireOf } from "../wires/registry.ts"

/**
 * A hash of all that decides a request's answer: the whole request but for `stream` and `metadata`, whatever the order
 * of its keys, and the headers that go along to a backend (another `anthropic-beta`, another answer).
 *
 * @param apart What else keeps requests apart, as JSON: whose they are, where they go.
 * @returns SHA-256 in hexadecimal digits, which any storage takes as a key.
 */
export function digestRequest(
  { request, req }: Pick<Parsed, "request" | "req">,
  ...apart: readonly unknown[]
): Promise<string> {
  const { stream: _stream, metadata: _metadata, ...asked } = request
  const headers = forward(req.headers, wireOf("anthropic").forwards)
  return digestText(JSON.stringify([sorted(asked), headers, apart]))
}
