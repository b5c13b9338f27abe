/** route: the model's name → a backend and the model's name there. */
import { fromDiscovered } from "../discovery.ts"
import { ProxyError } from "../error.ts"
import type { Globs } from "../text/glob.ts"
import { printable } from "../log.ts"
import type { Client, Parsed, Routed, Target } from "../stage.ts"

export function createRoute(find: Find): (context: Parsed) => Routed {
  return (context) => {
    const target = find(context.request.model, context.client, context.original.request.model)
    context.log.debug("route", { backend: target.backend.name, as: target.model })
    return { ...context, target }
  }
}

/**
 * Where a client's model goes.
 *
 * @param asked What the client asked for, where a stage has made another model of it: a key may use what it asks for,
 * and what becomes of that is the operator's own affair.
 */
export type Find = (model: string, client: Client, asked?: string) => Target

/**
 * Finds where a model goes. Throws 404 for a name no route fits, 403 for one the key may not use, and 502 where the
 * backend lacks an environment variable: there is nothing a client could do about that by trying again.
 */
export function createFind(routes: Globs<Target>): Find {
  const names = new Set(routes.entries.map(([name]) => name))
  return (given, client, asked = given) => {
    const name = printable(given)
    const target = routes.match(fromDiscovered(given, names))
    if (!client.may(fromDiscovered(asked, names))) {
      // Whether the model is there is none of this key's business.
      throw new ProxyError(403, `model: this key may not use ${printable(asked)}`)
    }
    if (!target) throw new ProxyError(404, `model: ${name}`)
    const { missing, name: backend } = target.backend
    if (missing.length > 0) {
      throw new ProxyError(502, `backend "${backend}" is not ready: ${missing.join(" and ")} ${missing.length > 1 ? "are" : "is"} not set`, {
        headers: { "x-should-retry": "false" },
      })
    }
    return target
  }
}
