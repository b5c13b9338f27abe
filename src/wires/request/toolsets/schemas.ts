/** What the schemas of screen and browser actions are made of. */
import type { JsonSchema } from "../../../anthropic/types.ts"

/** A tool of a toolset: what a model is told of it. */
export interface Member {
  readonly description: string
  readonly parameters: JsonSchema
}

/** Several tools that a client declares in one entry, and calls by the entry's name and their own. */
export interface Toolset {
  /** As calls name it in `toolset_name`. */
  readonly name: string
  readonly members: Readonly<Record<string, Member>>
}

type Properties = Readonly<Record<string, JsonSchema>>

/** @param required What must be there. @param optional What may be there. */
export function member(description: string, required: Properties = {}, optional: Properties = {}): Member {
  const needed = Object.keys(required)
  return { description, parameters: object({ ...required, ...optional }, needed) }
}

export function object(properties: Properties, required: readonly string[]): JsonSchema {
  return { type: "object", properties, ...(required.length > 0 && { required }) }
}

export function text(description: string): JsonSchema {
  return { type: "string", description }
}

export function number(description: string): JsonSchema {
  return { type: "number", description }
}

export function integer(description: string): JsonSchema {
  return { type: "integer", description }
}

export function oneOf(names: readonly string[], description: string): JsonSchema {
  return { type: "string", enum: names, description }
}

/** So many numbers in a row: a point has two, a rectangle four. */
export function numbers(count: number, description: string): JsonSchema {
  return { type: "array", items: { type: "number" }, minItems: count, maxItems: count, description }
}

export const DIRECTIONS: readonly string[] = ["up", "down", "left", "right"]
