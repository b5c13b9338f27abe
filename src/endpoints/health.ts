/**
 * `GET /health` says only that the process answers. `GET /health/ready` says whether any backend is ready, from what is
 * known, without asking one; the backends are named to a key and to nobody else.
 */
import type { Health } from "../health.ts"

export function answerHealth(head: Headers): Response {
  return Response.json({ status: "ok" }, { headers: head })
}

/** @param named Whether whoever asks may see the backends. */
export function answerReady(health: Health, named: boolean, head: Headers): Response {
  const states = health.states()
  const ready = states.some((state) => state.ready)
  const body = {
    status: ready ? "ready" : "not_ready",
    ...(named && {
      backends: Object.fromEntries(states.map((state) => [state.name, { ready: state.ready, reason: state.reason ?? null }])),
    }),
  }
  return Response.json(body, { status: ready ? 200 : 503, headers: head })
}
