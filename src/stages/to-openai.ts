/** toOpenAI: Anthropic's request → the backend's dialect. What had to be dropped on the way is logged. */
import { chooseApi } from "../choose-api.ts"
import { createNotes } from "../notes.ts"
import type { Routed, Translated } from "../stage.ts"
import { toBody } from "../wires/registry.ts"

export function createToOpenAI(): (context: Routed) => Translated {
  const note = createNotes()
  return (context) => {
    const { model, backend } = context.target
    const { notes, ...translated } = toBody(chooseApi(context.target), context.request, { model, profile: backend.profile })
    for (const text of notes) note(context.log, `backend ${backend.name}: ${text}`)
    return { ...context, ...translated }
  }
}
