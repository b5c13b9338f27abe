/** Ids as Anthropic's: a prefix and random digits. */

/** @returns The prefix and 32 random hexadecimal digits. */
export function newId(prefix: string): string {
  return prefix + crypto.randomUUID().replaceAll("-", "")
}
