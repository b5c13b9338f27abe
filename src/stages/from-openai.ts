/** fromOpenAI: the backend's chunks → Anthropic's events. */
import type { Chunks, Events, Translated } from "../stage.ts"
import { ChatReply } from "../wires/chat/reply.ts"
import { createNotes } from "../notes.ts"

/** @param newId Makes an id with the given prefix. */
export function createFromOpenAI(newId: (prefix: string) => string): (context: Translated, reply: Chunks) => Events {
  const note = createNotes()
  return ({ request, target, log }, reply) =>
    reply.pipeThrough(
      new ChatReply({
        request,
        backend: target.backend,
        newId,
        note: (text) => note(log, `backend ${target.backend.name}: ${text}`),
      }),
    )
}
