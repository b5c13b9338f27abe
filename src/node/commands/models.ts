/** `llm-proxy models`: what clients can ask for and where it goes, and on request what the backends have to offer. */
import { printable } from "../../log.ts"
import { chooseApi } from "../../choose-api.ts"
import type { Backend, Target } from "../../stage.ts"
import { readBasis } from "../basis.ts"
import { defineCommand } from "../command.ts"
import type { Terminal } from "../open.ts"
import { askModels, type Offer } from "./ask-models.ts"
import { toColumns, toMark } from "./marks.ts"
import { CONFIG, JSON_OUT } from "./options.ts"
import { withProgress } from "./progress.ts"
import { QUIET } from "./quiet.ts"

export const models = defineCommand({
  usage: "models",
  args: {
    config: CONFIG,
    backends: { type: "boolean", description: "ask each backend which models it has" },
    json: JSON_OUT,
  },
  examples: [
    ["llm-proxy models", "the names of the config, and whether their backends are set up"],
    ["llm-proxy models --backends", "what else could be put there"],
  ],
  async run({ config, backends, json }, terminal) {
    const basis = await readBasis(config === undefined ? {} : { config }, QUIET)
    basis.close()
    const { settings } = basis
    if (backends) return tellOffers([...settings.backends.values()], json, terminal)
    const rows = settings.routes.entries.map(([name, target]) => toRow(name, target))
    if (json) terminal.out(`${JSON.stringify(rows, null, 2)}\n`)
    else terminal.out(toColumns(rows.map(({ name, backend, model, api, ready, missing }) => {
      const state = ready ? "" : `${missing.join(", ")} not set`
      return [toMark(ready), printable(name), "→", printable(`${backend}/${model}`), api, state]
    })))
    return 0
  },
})

function toRow(name: string, target: Target) {
  const { backend, model } = target
  const { missing } = backend
  return { name, backend: backend.name, model, api: chooseApi(target), ready: missing.length === 0, missing }
}

async function tellOffers(backends: readonly Backend[], json: boolean, terminal: Terminal): Promise<number> {
  const asking = backends.map(async (backend): Promise<[Backend, Offer]> => [backend, await offerOf(backend)])
  const offers = await withProgress(terminal, "asking the backends", Promise.all(asking))
  if (json) {
    const told = offers.map(([{ name }, offer]) => [name, idsOf(offer) ?? null])
    terminal.out(`${JSON.stringify(Object.fromEntries(told), null, 2)}\n`)
  } else {
    for (const [{ name }, offer] of offers) {
      const ids = (idsOf(offer) ?? []).map((id) => `    ${printable(id)}\n`)
      terminal.out(`${toMark(stateOf(offer))} ${printable(name)}  ${tell(offer)}\n${ids.join("")}`)
    }
  }
  return offers.some(([, { kind }]) => kind === "failed") ? 1 : 0
}

/**
 * A backend whose settings are not whole is not asked.
 *
 * @param patience Seconds.
 */
export async function offerOf(backend: Backend, patience?: number): Promise<Offer> {
  const { missing } = backend
  if (missing.length > 0) return { kind: "failed", why: `${missing.join(", ")} not set` }
  return askModels(backend, patience)
}

export function stateOf({ kind }: Offer): boolean | undefined {
  return kind === "unlisted" ? undefined : kind === "listed"
}

export function tell(offer: Offer): string {
  if (offer.kind === "failed") return offer.why
  if (offer.kind === "unlisted") return `answers (${offer.ms} ms), but lists no models`
  const { models, ms } = offer
  return `${models.length} ${models.length === 1 ? "model" : "models"} (${ms} ms)`
}

function idsOf(offer: Offer): readonly string[] | undefined {
  return offer.kind === "listed" ? offer.models.map(({ id }) => id) : undefined
}
