/**
 * The storage of a worker: memory that all workers share is held by the process that started them, and it counts for
 * them. A call is two messages, some 20 µs of CPU in each process; one that is not answered is storage that failed, and
 * the request goes on.
 */
import type { AddingDriver } from "../../state/counters.ts"
import { PATIENCE, type SharedStorage } from "../storage.ts"
import type { PrimaryCalls } from "./calls.ts"
import type { Peer } from "./peer.ts"

export function sharedStorage(primary: Peer<PrimaryCalls>): SharedStorage {
  const adder: SharedStorage["adder"] = (area) => ({
    add: (key, by, seconds) => primary.ask("add", [area, key, by, seconds], PATIENCE),
    get: (key) => primary.ask("get", [area, key], PATIENCE),
  })
  const driver = (prefix: string): AddingDriver => ({
    name: "shared-memory",
    adder,
    hasItem: async (key) => (await primary.ask("hasItem", [prefix + key], PATIENCE)) === true,
    getItem: (key) => primary.ask("getItem", [prefix + key], PATIENCE),
    getItemRaw: (key) => primary.ask("getItemRaw", [prefix + key], PATIENCE),
    setItem: async (key, value) => void (await primary.ask("setItem", [prefix + key, value], PATIENCE)),
    setItemRaw: async (key, value) => void (await primary.ask("setItemRaw", [prefix + key, value], PATIENCE)),
    removeItem: async (key) => void (await primary.ask("removeItem", [prefix + key], PATIENCE)),
    // There is no `clear`: unstorage takes away one key after the other then. That of its memory knows no base.
    // The part is left out for all of it, whatever unstorage's types say.
    getKeys: (part = "") => primary.ask("getKeys", [prefix + part], PATIENCE),
  })
  return { driver: (base) => driver(base && `${base}:`), adder }
}
