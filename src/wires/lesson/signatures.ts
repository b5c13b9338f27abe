/**
 * The lesson on thinking that another has signed: after a change of the model or a fallback a history holds blocks that
 * the backend did not make, and it refuses them (CLIProxyAPI#1584, ccs#415, llxprt-code#2335, bifrost#6342). Which they
 * are it does not always say, so all of them are left out. That is about one history: the next one may be sound.
 */
import { withoutThinking } from "../../anthropic/without-thinking.ts"
import type { MessageRequest } from "../../anthropic/types.ts"
import type { JsonObject } from "../is-object.ts"
import type { Said } from "./said.ts"

export interface SignatureLesson {
  /** No thinking is sent in the history. */
  readonly kind: "signature"
}

/**
 * Anthropic: "Invalid `signature` in `thinking` block", "Invalid `data` in `redacted_thinking` block", "`thinking` or
 * `redacted_thinking` blocks in the latest assistant message cannot be modified"; behind gateways
 * "thinking.signature: Field required".
 */
const FAULTS = [
  /invalid\W+(?:signature|data)\W+in\W+(?:redacted_)?thinking/i,
  /thinking\W+blocks? .*cannot be modified/i,
  /thinking\.(?:signature|data)\W/i,
]

export function signatureIn({ text, param }: Said): SignatureLesson | undefined {
  return FAULTS.some((pattern) => pattern.test(`${param}: ${text}`)) ? { kind: "signature" } : undefined
}

/** @param body Of the Messages API: no other has such blocks. */
export function heedSignature(body: JsonObject): JsonObject {
  const request = body as unknown as MessageRequest
  return withoutThinking(request, () => true) as unknown as JsonObject
}

export function tellSignature(): string {
  return "thinking in the history is left out"
}
