/** The profiles by name, and which one a base URL speaks of. Adding a backend is adding a file and a line here. */
import { databricks } from "./databricks.ts"
import { ollama } from "./ollama.ts"
import { openai } from "./openai.ts"
import { GENERAL, withFlags, type Profile } from "./profile.ts"

export const PROFILES: Readonly<Record<string, Profile>> = {
  general: GENERAL,
  openai: withFlags(GENERAL, openai),
  ollama: withFlags(GENERAL, ollama),
  databricks: withFlags(GENERAL, databricks),
}

/** Tells a backend by its host: the names its maker uses, or the port it listens on by default. */
const HOSTS: readonly (readonly [RegExp, keyof typeof PROFILES])[] = [
  [/^https:\/\/api\.openai\.com(:\d+)?\//, "openai"],
  [/^https?:\/\/[^/]+:11434\//, "ollama"],
  [/^https:\/\/([^/]+\.)?(databricks\.com|azuredatabricks\.net|databricksapps\.com)\//, "databricks"],
]

/** The profile for a base URL; the general one where nothing is known about it. */
export function profileFor(baseUrl: string): Profile {
  const found = HOSTS.find(([pattern]) => pattern.test(`${baseUrl}/`))
  return (found && PROFILES[found[1]]) || GENERAL
}
