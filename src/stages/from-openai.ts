/** fromOpenAI: the backend's chunks → Anthropic's events. */
import type { Chunks, Events, Translated } from "../stage.ts"
import { createNotes } from "../notes.ts"
import { wireOf } from "../wires/registry.ts"

/** @param newId Makes an id with the given prefix. */
export function createFromOpenAI(newId: (prefix: string) => string): (context: Translated, reply: Chunks) => Events {
  const note = createNotes()
  return ({ api, request, target, log }, reply) =>
    reply.pipeThrough(
      wireOf(api).reply({
        request,
        backend: target.backend,
        newId,
        note: (text) => note(log, `backend ${target.backend.name}: ${text}`),
      }),
    )
}
