/**
 * The items of a streamed output: which one an event speaks of, and what of each has been told already. By the book an
 * event carries the item's id and its place. Seen in the field: neither, no event that begins an item (litellm#30115),
 * the same place for all items, and another id in each event.
 */
import type { JsonObject } from "../is-object.ts"
import type { PendingCall } from "../reply/pending-call.ts"
import type { ResponsesItem } from "./types.ts"

/** The kinds that are read. */
export type ItemKind = "message" | "reasoning" | "function_call"

/** What tells items apart. */
export interface Place {
  readonly id: string | null | undefined
  readonly index: number | null | undefined
}

/** An item as far as it has come. */
export interface OutputItem {
  readonly kind: ItemKind
  /** Its texts, as far as they have been told. */
  readonly texts: Map<string, string>
  /** Of a call. */
  readonly call: PendingCall | undefined
  /** Nothing is known that tells it from others of its kind. */
  nameless: boolean
  /** Of reasoning: what must go back is known. */
  returned: boolean
}

/**
 * A whole `reasoning` item as it is given back: as it came, but for its state. One without `encrypted_content` would be
 * looked for at the backend: "Items are not persisted when `store` is set to false" (pi#5059).
 *
 * @returns undefined for other items, and for one that is known already.
 */
export function returnOnce(item: OutputItem, whole: ResponsesItem): JsonObject | undefined {
  if (item.kind !== "reasoning" || item.returned || !whole.encrypted_content) return undefined
  item.returned = true
  const said = Object.entries(whole).filter(([name, value]) => name !== "status" && value !== null && value !== undefined)
  return Object.fromEntries(said)
}

export class Output {
  readonly #byId = new Map<string, OutputItem>()
  readonly #byIndex: Readonly<Record<ItemKind, Map<number, OutputItem>>> = {
    message: new Map(),
    reasoning: new Map(),
    function_call: new Map(),
  }
  readonly #latest = new Map<ItemKind, OutputItem>()

  /** Whether no item has come yet. */
  get empty(): boolean {
    return this.#latest.size === 0
  }

  has(kind: ItemKind): boolean {
    return this.#latest.has(kind)
  }

  /** The item of this kind that goes by an id. */
  byId(kind: ItemKind, id: string | null | undefined): OutputItem | undefined {
    const item = id ? this.#byId.get(id) : undefined
    return item?.kind === kind ? item : undefined
  }

  begin(kind: ItemKind, place: Place, call?: PendingCall): OutputItem {
    const item: OutputItem = { kind, texts: new Map(), call, nameless: true, returned: false }
    this.#latest.set(kind, item)
    this.name(item, place)
    return item
  }

  /** Learns what else an item goes by. */
  name(item: OutputItem, { id, index }: Place): void {
    if (id) this.#byId.set(id, item)
    if (typeof index === "number") this.#byIndex[item.kind].set(index, item)
    if (id || typeof index === "number") item.nameless = false
  }

  /** The id decides, then the place; what has neither is about the latest item, and so is what first names it. */
  find(kind: ItemKind, { id, index }: Place): OutputItem | undefined {
    const known = this.byId(kind, id) ?? (typeof index === "number" ? this.#byIndex[kind].get(index) : undefined)
    if (known) return known
    const latest = this.#latest.get(kind)
    return latest?.nameless || (!id && typeof index !== "number") ? latest : undefined
  }
}
