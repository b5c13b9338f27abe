/** How the next token is chosen. */
import type { MessageRequest } from "../../anthropic/types.ts"
import type { Profile } from "../../backends/profile.ts"

export interface Sampling {
  readonly temperature?: number
  readonly top_p?: number
  readonly top_k?: number
}

export function toSampling({ temperature, top_p, top_k }: MessageRequest, profile: Profile): Sampling {
  return {
    ...(typeof temperature === "number" && profile.sampling && { temperature }),
    ...(typeof top_p === "number" && profile.sampling && { top_p }),
    ...(typeof top_k === "number" && profile.top_k && { top_k }),
  }
}
