/** Counters on Redis, which adds by itself: right for all processes that use it. */
import type { Driver } from "unstorage"
import type { Adder } from "./counters.ts"

/** What of ioredis is used here. */
interface Redis {
  eval(script: string, keys: number, ...args: readonly (string | number)[]): Promise<unknown>
  get(key: string): Promise<string | null>
}

/** One round trip, so that two processes never see the same sum. */
const ADD = `local value = redis.call("INCRBY", KEYS[1], ARGV[1])
if redis.call("PTTL", KEYS[1]) < 0 then redis.call("PEXPIRE", KEYS[1], ARGV[2]) end
return value`

/** @returns undefined where the driver is none of Redis. */
export function redisAdder(driver: Driver, area: string): Adder | undefined {
  const redis: unknown = driver.name === "redis" ? driver.getInstance?.() : undefined
  if (!isRedis(redis)) return undefined
  const base = String(driver.options?.base ?? "").replace(/:$/, "")
  const path = (key: string): string => [base, area, "counters", key].filter(Boolean).join(":")
  return {
    add: async (key, by, seconds) => Number(await redis.eval(ADD, 1, path(key), by, seconds * 1000)),
    get: async (key) => Number((await redis.get(path(key))) ?? 0),
  }
}

function isRedis(instance: unknown): instance is Redis {
  return typeof instance === "object" && instance !== null && "eval" in instance && typeof instance.eval === "function"
}
