/** `--context`: how many tokens the model's context window has, where its server does not tell. */
import { UsageError } from "../command.ts"

export const CONTEXT = {
  type: "string",
  valueHint: "TOKENS",
  description: "the model's context window, such as 65536 or 64k",
} as const

/** @throws {UsageError} for what is no number of tokens. */
export function readContext(given: string | undefined): number | undefined {
  if (given === undefined) return undefined
  const [, digits = "", thousands] = /^(\d{1,9})(k?)$/i.exec(given) ?? []
  const tokens = Number(digits) * (thousands ? 1024 : 1)
  if (tokens >= 1024) return tokens
  throw new UsageError(`--context must be a number of tokens, 1024 or more, not ${JSON.stringify(given)}`)
}
