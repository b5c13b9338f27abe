/** What every part of the request half is handed: what the backend takes, and where to tell of what was lost. */
import type { Profile } from "../../backends/profile.ts"

export interface Scope {
  readonly profile: Profile
  /** Tells of something dropped or changed, in one sentence. The same sentence is kept once. */
  note(sentence: string): void
}
