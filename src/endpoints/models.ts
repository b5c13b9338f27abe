/**
 * `GET /v1/models` and `/v1/models/{id}`: the names the config spells out, as far as the key may use them. A pattern
 * is no name and is not listed, but any name it fits can be asked for.
 */
import { discovers, fromDiscovered, toDiscovered } from "../discovery.ts"
import { badRequest, ProxyError } from "../error.ts"
import type { Globs } from "../text/glob.ts"
import { printable } from "../log.ts"
import type { Authorized, Target } from "../stage.ts"

/** Anthropic's paging: 20 a page unless asked otherwise, 1 to 1000. */
const PAGE = { default: 20, most: 1000 }

export function createListModels(routes: Globs<Target>): (context: Authorized) => Promise<Response> {
  const names = routes.entries.map(([name]) => name).filter((name) => !name.includes("*"))
  return async ({ req, client, head }) => {
    const query = new URL(req.url).searchParams
    const limit = limitIn(query)
    const found = names.filter((name) => client.may(name)).map((name) => toModel(discovers(req) ? toDiscovered(name) : name, name))
    const allowed = found.map(({ id }) => id)
    const before = query.get("before_id")
    const start = before === null ? indexAfter(allowed, query.get("after_id")) : Math.max(0, indexOf(allowed, "before_id", before) - limit)
    const end = before === null ? start + limit : indexOf(allowed, "before_id", before)
    const page = found.slice(start, end)
    const body = {
      data: page,
      has_more: before === null ? end < allowed.length : start > 0,
      first_id: page[0]?.id ?? null,
      last_id: page.at(-1)?.id ?? null,
    }
    return Response.json(body, { headers: head })
  }
}

/** @param id As in the path, decoded. */
export function createGetModel(routes: Globs<Target>): (context: Authorized, id: string) => Promise<Response> {
  const names = new Set(routes.entries.map(([name]) => name))
  return async ({ client, head }, id) => {
    const name = fromDiscovered(id, names)
    if (!routes.match(name) || !client.may(name)) throw new ProxyError(404, `model: ${printable(id)}`)
    return Response.json(toModel(id, name), { headers: head })
  }
}

function limitIn(query: URLSearchParams): number {
  const text = query.get("limit")
  if (text === null) return PAGE.default
  const limit = Number(text)
  if (!Number.isInteger(limit) || limit < 1 || limit > PAGE.most) {
    throw badRequest("limit", `Input should be a whole number between 1 and ${PAGE.most}`)
  }
  return limit
}

function indexAfter(names: readonly string[], after: string | null): number {
  return after === null ? 0 : indexOf(names, "after_id", after) + 1
}

function indexOf(names: readonly string[], field: string, id: string): number {
  const index = names.indexOf(id)
  if (index < 0) throw badRequest(field, `there is no model ${printable(id)}`)
  return index
}

/** A model as Anthropic describes one; what only a backend could tell is null. */
function toModel(id: string, name: string) {
  return {
    type: "model",
    id,
    display_name: name,
    created_at: "1970-01-01T00:00:00Z", // Anthropic's own value for "not known"
    lifecycle: "active",
    line: ["haiku", "sonnet", "opus", "fable", "mythos"].find((line) => id.toLowerCase().includes(line)) ?? null,
    deprecated_at: null,
    retires_at: null,
    max_input_tokens: null,
    max_tokens: null,
    capabilities: null,
  }
}
