/**
 * Loaded into a server that is measured (`node --expose-gc --import …`): on each message of its parent it tells what the
 * process holds. It hears of nothing else and changes nothing.
 */
import { readdirSync, readFileSync } from "node:fs"
import { setTimeout as after } from "node:timers/promises"
import { writeHeapSnapshot } from "node:v8"
import type { Asked, Held } from "./_server.ts"

process.on("message", (asked: Asked) => void measure(asked).then((held) => process.send?.(held)))

async function measure({ settle, snapshot }: Asked): Promise<Held> {
  if (settle) await collect()
  if (snapshot !== undefined) writeHeapSnapshot(snapshot)
  const { external, rss } = process.memoryUsage()
  const { user, system } = process.cpuUsage()
  return {
    external,
    rss,
    cpu: user + system,
    resources: counted(process.getActiveResourcesInfo()),
    listeners: counted(process.eventNames().flatMap((name) => process.listeners(name as "exit").map(() => String(name)))),
    descriptors: descriptors(),
    peak: peak(),
  }
}

/** A collection leaves what its finalizers free to the next one. */
async function collect(): Promise<void> {
  for (let again = 0; again < 4; again++) {
    globalThis.gc?.()
    await after(20)
  }
}

function counted(names: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const name of names.toSorted()) counts[name] = (counts[name] ?? 0) + 1
  return counts
}

/** Linux tells; elsewhere none are told. */
function descriptors(): number {
  try {
    return readdirSync("/proc/self/fd").length
  } catch {
    return 0
  }
}

function peak(): number {
  try {
    const [, kilobytes = "0"] = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync("/proc/self/status", "utf8")) ?? []
    return Number(kilobytes) * 1024
  } catch {
    return 0
  }
}
