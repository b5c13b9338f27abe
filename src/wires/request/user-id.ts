/** Who asks, for the backend's watch over abuse. */
import type { MessageRequest } from "../../anthropic/types.ts"
import type { Profile } from "../../backends/profile.ts"
import { shortHash } from "./names.ts"

/** OpenAI's limit for both of the fields; Claude Code's user id is a JSON text of some 200 characters. */
const USER_MAX = 64

/** `metadata.user_id` under the name the profile gives it. */
export function toUser(
  { metadata }: MessageRequest,
  { user_field }: Profile,
): { readonly user?: string; readonly safety_identifier?: string } {
  const user = metadata?.user_id
  if (!user || user_field === "none") return {}
  return { [user_field]: user.length <= USER_MAX ? user : `user_${shortHash(user)}` }
}
