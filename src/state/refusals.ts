/**
 * Requests that a backend has just refused for good. Claude Code repeats one that was answered 400 up to six times
 * within some 60 ms, while it leaves out fields that no backend but Anthropic's ever sees: all of these are the same
 * body once they are translated, and a backend need not be asked for it again.
 *
 * Source: Claude Code 2.1.330, measured: it changes its list of tools once, so that the backend sees two requests.
 */
import { digestText } from "../text/digest-text.ts"
import type { ProxyError } from "../error.ts"
import { forward } from "../dial/forward.ts"
import type { Translated } from "../stage.ts"
import type { Digest } from "../stages/auth.ts"
import { wireOf } from "../wires/registry.ts"

export interface Refusals {
  /** The error this very body has just been refused with. */
  of(context: Translated, text: string): Promise<ProxyError | undefined>
  /** Remembers it for all that was sent, where asking again would change nothing. */
  keep(context: Translated, texts: readonly string[], error: ProxyError): Promise<void>
}

/** How long a refusal is believed, in ms: longer than a client's quick repeats, shorter than its user's next try. */
const BELIEVED = 10_000

/** So many refusals are remembered; the oldest goes first. */
const MOST = 100

/** What is wrong with the request itself. All else may pass: a limit, a queue, a server that stumbled. */
const FINAL: ReadonlySet<number> = new Set([400, 422])

interface Kept {
  /** Whose refusal it is: a backend with none costs no digest. */
  readonly backend: string
  readonly error: ProxyError
  /** In ms of the clock. */
  readonly until: number
}

export function createRefusals(digest: Digest): Refusals {
  /** By digest, as bodies are large; oldest first, which is also the order in which they end. */
  const kept = new Map<string, Kept>()
  const forget = (): void => {
    for (const [key, { until }] of kept) {
      if (until > Date.now() && kept.size <= MOST) return
      kept.delete(key)
    }
  }
  // Of one client alone: an error's words may tell of a request, and another's is none of its business. The text itself
  // names the model.
  const keyOf = async ({ api, target, client, req }: Translated, text: string): Promise<string> => {
    const headers = forward(req.headers, wireOf(api).forwards) // without a beta the answer may be another
    return digestText(JSON.stringify([target.backend.name, client.name, headers]) + text, digest)
  }
  return {
    async of(context, text) {
      forget()
      const { name } = context.target.backend
      if (![...kept.values()].some(({ backend }) => backend === name)) return undefined
      return kept.get(await keyOf(context, text))?.error
    },
    async keep(context, texts, error) {
      if (!FINAL.has(error.status)) return
      for (const text of texts) {
        const key = await keyOf(context, text)
        kept.delete(key) // so that it moves behind the others
        kept.set(key, { backend: context.target.backend.name, error, until: Date.now() + BELIEVED })
      }
      forget()
    },
  }
}
