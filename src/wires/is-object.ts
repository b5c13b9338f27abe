/** What JSON calls an object. */
export type JsonObject = Readonly<Record<string, unknown>>

export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value)
}

/** The objects of a list; nothing of whatever else a backend may have put there, or in the place of it. */
export function objectsIn<T extends object>(value: readonly T[] | null | undefined): readonly T[] {
  if (!value || !Array.isArray(value)) return []
  const items: readonly T[] = value
  return items.every(isObject) ? items : items.filter((item) => isObject(item))
}
