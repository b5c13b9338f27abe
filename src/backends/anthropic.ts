/**
 * Anthropic's own API, and what speaks it: requests are passed on as they came.
 *
 * Source: the types of `@anthropic-ai/sdk` 1.12.0.
 */
import type { ProfileFlags } from "./profile.ts"

/** What speaks Anthropic's API without being Anthropic: a key is taken as a Bearer token, as the SDKs send it. */
export const messages: ProfileFlags = { api: "anthropic" }

export const anthropic: ProfileFlags = {
  auth_header: "x-api-key",
  api: "anthropic",
  billing_header: true, // its own
}
