/** What a plugin's `setup` has returned, checked: plugins are not compiled, so their types may never have been. */
import type { Setup } from "./plugin.ts"
import type { AnyStage, Place } from "../stage.ts"

const PLACES: Readonly<Record<Place, true>> = { auth: true, parse: true, route: true, toOpenAI: true, upstream: true }

/**
 * The stages among what a setup has returned.
 *
 * @throws {Error} for anything that is no setup, and for a stage that stands nowhere.
 */
export function toStageList(made: Setup): readonly AnyStage[] {
  if (typeof made !== "object" || made === null) throw notOne()
  const stages = listOf(made)
  if (!isList(stages)) throw notOne()
  stages.forEach(checkStage)
  return stages
}

function listOf(made: Setup): readonly AnyStage[] {
  if (isList(made)) return made
  if ("run" in made) return [made]
  if ("stages" in made || "routes" in made || "close" in made) return made.stages ?? []
  throw notOne()
}

function isList(made: unknown): made is readonly AnyStage[] {
  return Array.isArray(made)
}

function checkStage(stage: AnyStage): void {
  if (typeof stage?.run !== "function") throw new Error("a stage must have a function `run`")
  if (Object.hasOwn(PLACES, stage.before)) return
  throw new Error(`the stage ${stage.name} must stand before one of ${Object.keys(PLACES).join(", ")}, not ${stage.before}`)
}

function notOne(): Error {
  return new Error("setup must return a stage, a list of stages, or { stages, routes, close }")
}
