/**
 * `llm-proxy check`: config, keys, each backend and the models asked of it. Whatever is wrong is a line with ✗, and
 * exit code 1. A backend that no model leads to is told, and cannot be wrong.
 */
import { printable } from "../../log.ts"
import type { Target } from "../../stage.ts"
import { defineCommand } from "../command.ts"
import { openProxy, type Opened, type Terminal } from "../open.ts"
import { sameModel, type Offer } from "./ask-models.ts"
import { toColumns, toMark } from "./marks.ts"
import { offerOf, stateOf, tell } from "./models.ts"
import { CONFIG, JSON_OUT } from "./options.ts"
import { probe, type Probed } from "./probe.ts"
import { withProgress } from "./progress.ts"
import { QUIET } from "./quiet.ts"

/** A line of the result. */
interface Finding {
  /** The part of the config it is about: `config`, `key`, `backend ollama`, `model claude-*`. */
  readonly about: string
  /** Null for what is neither well nor wrong. */
  readonly ok: boolean | null
  readonly told: string
}

export const check = defineCommand({
  usage: "check",
  args: {
    config: CONFIG,
    probe: { type: "boolean", description: "ask each model for a word too, and learn what its backend refuses" },
    json: JSON_OUT,
  },
  examples: [
    ["llm-proxy check", "before a start: nothing is asked of a model, nothing costs"],
    ["llm-proxy check --probe", "a request of 16 tokens to each model"],
    ["llm-proxy check --json", "for a script: { ok, findings }"],
  ],
  async run({ config, probe: probing, json }, terminal) {
    const opened = await openProxy({ terminal: QUIET, ...(config !== undefined && { config }) })
    try {
      const findings = [ofConfig(opened), ofKey(opened), ...(await ofBackends(opened, probing, terminal))]
      const ok = findings.every((finding) => finding.ok !== false)
      const rows = findings.map(({ about, ok, told }) => [toMark(ok ?? undefined), printable(about), printable(told)])
      terminal.out(json ? `${JSON.stringify({ ok, findings }, null, 2)}\n` : toColumns(rows))
      return ok ? 0 : 1
    } finally {
      await opened.close()
    }
  },
})

function ofConfig({ settings: { routes, backends }, plugins }: Opened): Finding {
  const counts = [
    count(routes.entries.length, "model"),
    count(backends.size, "backend"),
    ...(plugins.length > 0 ? [count(plugins.length, "plugin")] : []),
  ]
  if (routes.entries.length === 0) return { about: "config", ok: false, told: "no models: add some to models:" }
  return { about: "config", ok: true, told: counts.join(", ") }
}

function ofKey({ settings: { clients }, key }: Opened): Finding {
  const made = "PROXY_API_KEY is not set: each run makes a key of its own"
  const names = clients.map(({ client }) => client.name).join(", ")
  if (key !== undefined) return { about: "key", ok: null, told: made }
  return { about: "key", ok: true, told: `${count(clients.length, "key")}: ${names}` }
}

async function ofBackends(opened: Opened, probing: boolean, terminal: Terminal): Promise<readonly Finding[]> {
  const { settings } = opened
  const targets = settings.routes.entries
  const asking = [...settings.backends.values()].map(async (backend) => {
    const own = targets.filter(([, target]) => target.backend === backend)
    const offer = await offerOf(backend)
    const about = `backend ${backend.name}`
    if (own.length === 0) return [{ about, ok: null, told: `${tell(offer)}; no model leads there` }]
    const reached: Finding = { about, ok: stateOf(offer) ?? null, told: tell(offer) }
    if (offer.kind === "failed") return [reached]
    // What a model itself answers says more than a list.
    const models = probing ? await probed(own, opened) : own.flatMap(([name, target]) => ofModel(name, target, offer))
    return [reached, ...models]
  })
  const what = probing ? "asking the models" : "asking the backends"
  return (await withProgress(terminal, what, Promise.all(asking))).flat()
}

function ofModel(name: string, { model }: Target, offer: Offer): readonly Finding[] {
  if (offer.kind !== "listed") return []
  const found = offer.models.some(({ id }) => sameModel(model, id))
  if (found) return [{ about: `model ${name}`, ok: true, told: model }]
  const known = offer.models.slice(0, 5).map(({ id }) => id)
  const others = known.length > 0 ? `; there is ${known.join(", ")}${offer.models.length > 5 ? ", …" : ""}` : ""
  return [{ about: `model ${name}`, ok: false, told: `${model} is not among its models${others}` }]
}

/** One after the other: a local server holds one model at a time. */
async function probed(own: readonly (readonly [string, Target])[], opened: Opened): Promise<readonly Finding[]> {
  const known = new Map<string, Probed>()
  const findings: Finding[] = []
  for (const [name, target] of own) {
    const result = known.get(target.model) ?? (await probe(target, opened))
    known.set(target.model, result)
    findings.push({ about: `model ${name}`, ok: result.ok, told: tellProbed(target, result) })
  }
  const learned = [...known.values()].some((result) => result.learned.length > 0)
  if (!learned || opened.storage.storage.getMount("lessons:").driver.name !== "memory") return findings
  const told = "what was learned is in memory and ends with this command; with storage: for lessons it stays"
  return [...findings, { about: "storage", ok: null, told }]
}

function tellProbed({ model }: Target, { ok, ms, why = "", learned }: Probed): string {
  const lessons = learned.length > 0 ? `; learned: ${learned.join(", ")}` : ""
  return ok ? `${model} answers (${ms} ms)${lessons}` : `${model}: ${why}${lessons}`
}

function count(n: number, what: string): string {
  return `${n} ${what}${n === 1 ? "" : "s"}`
}
