/**
 * The block of the system prompt in which Claude Code tells its version. It changes with every turn and so would spoil a
 * backend's prefix cache (claude-code#32636).
 */
export function isBillingHeader(text: string): boolean {
  return text.startsWith("x-anthropic-billing-header:")
}
