/** A system message that is told as user text. */

/** In the words Claude models know from Claude Code, which tells its own reminders so. */
export function toReminder(text: string): string {
  return `<system-reminder>\n${text}\n</system-reminder>`
}
