/** A terminal for what a command opens on its way: what a start shows is not what was asked for. */
import type { Terminal } from "../open.ts"

/**
 * It counts as one that is read, so that no key is written to `.llm-proxy/key`: a proxy that runs may have put its own
 * there.
 */
export const QUIET: Terminal = { out: () => {}, err: () => {}, tty: true }
