/**
 * toOpenAI: Anthropic's request → the backend's dialect. What had to be dropped on the way is logged. A backend's own
 * thinking is put back where the client's history has it, or where it was kept for a client that saw none.
 */
import { checkMessageRequest } from "../anthropic/request.ts"
import type { Carrier } from "../state/carrier.ts"
import { chooseApi } from "../choose-api.ts"
import { createNotes } from "../notes.ts"
import type { Replays } from "../state/replays.ts"
import type { Routed, Translated } from "../stage.ts"
import { toBody, wireOf, type Api } from "../wires/registry.ts"
import { NO_THOUGHTS, type Replay, type Thoughts } from "../wires/replay.ts"
import { callsToRecall } from "../wires/request/recall.ts"

/** @returns A stage that answers at once unless something has to be looked up. */
export function createToOpenAI(
  carrier: Carrier,
  replays: Replays,
): (context: Routed) => Translated | Promise<Translated> {
  const note = createNotes()
  return (context) => {
    const { backend } = context.target
    const api = chooseApi(context.target)
    // What the client asked for: what a stage has made of it is the operator's own affair.
    if (wireOf(api).translates) checkMessageRequest(context.original.request)
    if (!wireOf(api).replays(backend.profile)) return translate(context, api, NO_THOUGHTS)
    const open = createOpen(context, carrier)
    const calls = callsToRecall(context.request, open)
    if (calls.length === 0) return translate(context, api, { ...NO_THOUGHTS, open })
    const { client, target } = context
    return replays.find({ client: client.name, backend: backend.name, model: target.model }, calls).then((found) => {
      const kept = new Map(calls.map((call, n) => [call, found[n]]))
      return translate(context, api, { open, recall: (call) => kept.get(call) })
    })
  }

  function translate(context: Routed, api: Api, thoughts: Thoughts): Translated {
    const { model, backend } = context.target
    const { notes, ...translated } = toBody(api, context.request, { model, profile: backend.profile, thoughts })
    for (const text of notes) note(context.log, `backend ${backend.name}: ${text}`)
    return { ...context, ...translated }
  }
}

/** Opens each block once. What does not open is another's, or was changed: it is left out, and nobody is bothered. */
function createOpen({ target, log }: Routed, carrier: Carrier): Thoughts["open"] {
  const opened = new Map<object, Replay | undefined>()
  const { model, backend } = target
  return (block) => {
    if (opened.has(block)) return opened.get(block)
    const { signature, thinking } = block
    // Only this program can have made what opens.
    const replay = carrier.open(signature, { backend: backend.name, model, beside: thinking }) as Replay | undefined
    if (!replay) log.debug("thinking that is not this backend's was left out", { backend: backend.name })
    opened.set(block, replay)
    return replay
  }
}
