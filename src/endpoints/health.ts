/**
 * `GET /health` says only that the process answers. `GET /health/ready` says whether any backend is ready, from what is
 * known, without asking one, and which config is in effect. Backends are named to a key that may use them.
 */
import type { Health } from "../state/health.ts"
import type { Client } from "../stage.ts"

export function answerHealth(head: Headers): Response {
  return Response.json({ status: "ok" }, { headers: head })
}

export interface Readiness {
  readonly health: Health
  /** Which config this is, counted from 1 since the start: an edit is in effect once it has gone up. */
  readonly generation: number
  /** Who asks; without one no backend is named, and all of them count. */
  readonly client: Client | undefined
  readonly head: Headers
}

export function answerReady({ health, generation, client, head }: Readiness): Response {
  const states = health.states().filter(({ name }) => client?.sees(name) ?? true)
  const ready = states.some((state) => state.ready)
  const body = {
    status: ready ? "ready" : "not_ready",
    generation,
    ...(client && {
      backends: Object.fromEntries(states.map((state) => [state.name, { ready: state.ready, reason: state.reason ?? null }])),
    }),
  }
  return Response.json(body, { status: ready ? 200 : 503, headers: head })
}
