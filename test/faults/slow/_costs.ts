/** What a server spends on an exchange, beside what it takes to parse as many bytes of JSON. */
import { writeFileSync } from "node:fs"
import type { Measured } from "../../soak/_server.ts"

/** Both as multiples: of the CPU that JSON.parse takes for the same texts, and of their bytes. */
export interface Cost {
  readonly cpu: number
  readonly memory: number
}

/** What the other side has sent: the texts in it that are JSON, and how many bytes it has in all. */
export interface Sent {
  readonly texts: readonly string[]
  readonly bytes: number
}

/** What is not the input's doing, in µs and bytes: connections, timers, garbage that waits. */
const FLOOR = { cpu: 30_000, memory: 48 * 1024 * 1024 }

export async function costOf(server: Measured, { texts, bytes }: Sent, exchange: () => Promise<unknown>): Promise<Cost> {
  const before = await server.measure()
  writeFileSync(`/proc/${server.pid}/clear_refs`, "5") // the peak is measured from here on
  await exchange()
  const after = await server.measure(false)
  const parse = Math.max(parsed(texts), bytes * PLAIN)
  return {
    cpu: Math.max(0, after.cpu - before.cpu - FLOOR.cpu) / parse,
    memory: Math.max(0, after.peak - before.rss - FLOOR.memory) / bytes,
  }
}

/** Microseconds of CPU that JSON.parse takes for them. */
function parsed(texts: readonly string[]): number {
  const before = process.cpuUsage()
  for (const text of texts) {
    try {
      JSON.parse(text)
    } catch {}
  }
  const { user, system } = process.cpuUsage(before)
  return user + system
}

/** The same for a byte of an ordinary request, on this machine: what is no JSON is compared with that. */
const PLAIN = measurePlain()

function measurePlain(): number {
  const message = { role: "user", content: [{ type: "text", text: "What is the weather in Paris, and in Rome? ".repeat(10) }] }
  const text = JSON.stringify(Array.from({ length: 2000 }, () => message))
  return parsed(Array.from({ length: 10 }, () => text)) / (10 * text.length)
}
