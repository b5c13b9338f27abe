/** fromOpenAI: the backend's chunks → Anthropic's events. */
import type { Calibration } from "../state/calibration.ts"
import type { Carrier } from "../state/carrier.ts"
import { createNotes } from "../notes.ts"
import type { Replays } from "../state/replays.ts"
import type { Chunks, Events, Translated } from "../stage.ts"
import { wireOf } from "../wires/registry.ts"

/**
 * @param newId Makes an id with the given prefix.
 * @param carrier Seals what a backend must get back into the thinking blocks that the client is given.
 * @param replays Keeps it for a client that is given none.
 */
export function createFromOpenAI(
  newId: (prefix: string) => string,
  calibration: Calibration,
  carrier: Carrier,
  replays: Replays,
): (context: Translated, reply: Chunks) => Events {
  const note = createNotes()
  return ({ api, request, client, target, log }, reply) => {
    const origin = { backend: target.backend.name, model: target.model }
    return reply.pipeThrough(
      wireOf(api).reply({
        request,
        backend: target.backend,
        newId,
        note: (text) => note(log, `backend ${target.backend.name}: ${text}`),
        counted: (inputTokens) => calibration.learn(target, request, inputTokens),
        seal: (replay, shown) => carrier.seal(replay, { ...origin, beside: shown }),
        keep: (calls, placed) => replays.keep({ ...origin, client: client.name }, calls, placed),
      }),
    )
  }
}
