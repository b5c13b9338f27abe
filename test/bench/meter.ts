/**
 * What a server has used: CPU of its whole process group, threads of the collector and the compiler among them, and
 * resident memory. Read from /proc; where that is missing there are no figures.
 */
import { readdirSync, readFileSync } from "node:fs"
import { execFileSync } from "node:child_process"

/** Microseconds in a tick of /proc/PID/stat: Linux shows 100 a second on every machine. */
const TICK = 10_000

/** Where CPU time is read from: nanoseconds a thread, ticks of 10 ms, or nowhere. */
export const CPU_SOURCE = (["schedstat", "stat"] as const).find((name) => readable(`/proc/self/${name}`))

/** CPU microseconds a process group has used so far. */
export function cpuOf(group: number): number | undefined {
  if (!CPU_SOURCE) return undefined
  return membersOf(group).reduce((sum, { pid, ticks }) => {
    return sum + (CPU_SOURCE === "stat" ? ticks * TICK : ofThreads(pid))
  }, 0)
}

/** Resident memory of a process group, in KB of 1,024 bytes. */
export function rssOf(group: number): number | undefined {
  if (!CPU_SOURCE) return undefined
  return membersOf(group).reduce((sum, { pid }) => {
    return sum + Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0)
  }, 0)
}

/**
 * Moves this process, and with it the load, to a core, and says which one is left for the servers. Undefined where
 * there is no taskset or only one core: then the system decides.
 */
export function takeCores(): { readonly server: string; readonly load: string } | undefined {
  try {
    const list = /Cpus_allowed_list:\s+(\S+)/.exec(readFileSync("/proc/self/status", "utf8"))?.[1] ?? ""
    const [load, server] = list.split(",").flatMap((range) => {
      const [from = 0, to = from] = range.split("-").map(Number)
      return Array.from({ length: to - from + 1 }, (_, n) => String(from + n))
    })
    if (load === undefined || server === undefined) return undefined
    execFileSync("taskset", ["-acp", load, String(process.pid)], { stdio: "ignore" })
    return { server, load }
  } catch {
    return undefined
  }
}

function membersOf(group: number): { readonly pid: number; readonly ticks: number }[] {
  const members: { pid: number; ticks: number }[] = []
  for (const name of readdirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue
    const stat = readable(`/proc/${name}/stat`)
    // The command's name stands in brackets and may hold anything.
    const fields = stat?.slice(stat.lastIndexOf(")") + 2).split(" ") ?? []
    const ticks = Number(fields[11]) + Number(fields[12])
    if (Number(fields[2]) === group) members.push({ pid: Number(name), ticks })
  }
  return members
}

function ofThreads(pid: number): number {
  return readdirSync(`/proc/${pid}/task`).reduce((sum, thread) => {
    return sum + Number(readable(`/proc/${pid}/task/${thread}/schedstat`)?.split(" ")[0] ?? 0) / 1000
  }, 0)
}

function readable(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8")
  } catch {
    return undefined // a process that has just ended, or a system without /proc
  }
}
