/** What every part of the request half is handed: what the backend takes, and where to tell of what was lost. */
import type { Profile } from "../../backends/profile.ts"
import type { Thoughts } from "../replay.ts"
import type { CacheMarks } from "./cache-marks.ts"

export interface Scope {
  readonly profile: Profile
  readonly thoughts: Thoughts
  /** What of the request is marked for the backend's cache; undefined where nothing is. */
  readonly marks: CacheMarks | undefined
  /** Tells of something dropped or changed, in one sentence. The same sentence is kept once. */
  note(sentence: string): void
}
