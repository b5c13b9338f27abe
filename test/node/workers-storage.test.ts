import { EventEmitter } from "node:events"
import { mkdtemp } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { deserialize, serialize } from "node:v8"
import type { Storage } from "unstorage"
import { describe, expect, test, vi } from "vitest"
import { createCounters } from "../../src/state/counters.ts"
import { createLog } from "../../src/log.ts"
import { readBasis, type Basis } from "../../src/node/basis.ts"
import { openStorage } from "../../src/node/storage.ts"
import { holdStorage } from "../../src/node/workers/held-storage.ts"
import { connectPeer, type Calls, type Channel, type Peer } from "../../src/node/workers/peer.ts"
import { sharedStorage } from "../../src/node/workers/shared-storage.ts"
import type { PrimaryCalls } from "../../src/node/workers/calls.ts"
import { DEMO, folderOf, recorder } from "./_start.ts"

/** Two ends that copy what they send, as Node does between processes. */
function channels(): readonly [Channel & EventEmitter, Channel & EventEmitter] {
  const ends = [new EventEmitter(), new EventEmitter()] as const
  const sendTo = (other: EventEmitter) => (message: object, sent: (error: Error | null) => void) => {
    const copy: unknown = deserialize(serialize(message))
    setImmediate(() => other.emit("message", copy))
    sent(null)
  }
  return [Object.assign(ends[0], { send: sendTo(ends[1]) }), Object.assign(ends[1], { send: sendTo(ends[0]) })]
}

/** Who asks, and the end of the one who is asked. */
function peerOf<Theirs extends Calls>(calls: Theirs): readonly [Peer<Theirs>, EventEmitter] {
  const [asking, asked] = channels()
  connectPeer<Calls>(asked, calls)
  return [connectPeer<Theirs>(asking, {}), asking]
}

async function basisOf(rest: string): Promise<Basis> {
  const cwd = await folderOf({ "config.yaml": `${DEMO}server: { workers: 2 }\n${rest}` })
  return readBasis({ cwd, env: { PROXY_API_KEY: "sk-held" } }, recorder())
}

/** The storage of two workers, and what is held for them. */
async function workersWith(rest = "") {
  const basis = await basisOf(rest)
  const held = await holdStorage(basis)
  const none = { tellAll: async () => [], leave: () => {} }
  const open = (): Promise<Storage> => {
    const [primary] = peerOf<PrimaryCalls>({ ...held.calls, ...none })
    return openStorage(basis.config.storage ?? {}, basis.folder, basis.tell, sharedStorage(primary))
  }
  return { held, one: await open(), other: await open() }
}

describe("calls", () => {
  test("are answered with a copy, or with the words of what went wrong", async () => {
    const [peer] = peerOf({
      double: (n: number) => n * 2,
      bytes: (given: Buffer) => given,
      fail: async () => Promise.reject(new Error("no luck")),
      odd: () => () => {},
    })
    const bytes = Buffer.from("ab")
    expect([await peer.ask("double", [4]), await peer.ask("bytes", [bytes])]).toEqual([8, bytes])
    await expect(peer.ask("fail", [])).rejects.toThrow("no luck")
    await expect(peer.ask("odd", [])).rejects.toThrow("could not be cloned")
    const unknown = peer as unknown as Peer<{ readonly newer: () => void }>
    await expect(unknown.ask("newer", [])).rejects.toThrow("newer is not known there")
  })

  test("of a process that ends, or has ended, fail", async () => {
    const [peer, end] = peerOf({ wait: () => new Promise(() => {}) })
    const asking = peer.ask("wait", [])
    end.emit("disconnect")
    await expect(asking).rejects.toThrow("the other process has ended")
    await expect(peer.ask("wait", [])).rejects.toThrow("the other process has ended")
  })

  test("that are not answered in time fail, and their answer is nobody's", async () => {
    const answering: ((text: string) => void)[] = []
    const [peer] = peerOf({ wait: () => new Promise<string>((resolve) => answering.push(resolve)), now: () => "now" })
    await expect(peer.ask("wait", [], 0.02)).rejects.toThrow("no answer within 0.02 s")
    answering[0]?.("late")
    expect(await peer.ask("now", [])).toBe("now")
  })
})

describe("what workers keep in memory", () => {
  test("is one: values, bytes, keys, and what is taken away", async () => {
    const { one, other } = await workersWith()
    await one.setItem("plugin:a:k", { n: 1 })
    await one.setItemRaw("plugin:a:raw", Buffer.from([1, 2]))
    await other.setItem("plugin:b:k", "others'")
    expect([await other.getItem("plugin:a:k"), await other.getItemRaw("plugin:a:raw"), await one.hasItem("plugin:b:k")]).toEqual([
      { n: 1 },
      Buffer.from([1, 2]),
      true,
    ])
    expect(await other.getKeys("plugin:a")).toEqual(["plugin:a:k", "plugin:a:raw"])
    await other.removeItem("plugin:a:raw")
    await other.removeItem("plugin:a:k")
    expect([await one.getKeys(), await one.getItem("plugin:a:k")]).toEqual([["plugin:b:k"], null])
  })

  test("lies in the area that the config names, beside areas of other drivers", async () => {
    const folder = await mkdtemp(join(tmpdir(), "llm-proxy-held-"))
    const areas = `default: { driver: fs-lite, base: ${JSON.stringify(folder)} }\n  cache: { driver: memory }`
    const { one, other } = await workersWith(`plugins: [cache]\nstorage:\n  ${areas}\n`)
    await one.setItem("plugin:cache:k", "held")
    await one.setItem("lessons:k", "filed")
    const names = [one.getMount("plugin:cache:k").driver.name, one.getMount("lessons:k").driver.name]
    expect([names, await other.getItem("plugin:cache:k"), await other.getKeys("plugin:cache")]).toEqual([
      ["shared-memory", "fs-lite"],
      "held",
      ["plugin:cache:k"],
    ])
    expect(await other.getItem("lessons:k")).toBe("filed")
  })

  test("stays over an edit that does not concern it, and begins anew after one that does", async () => {
    const { held, one } = await workersWith()
    await one.setItem("k", "kept")
    const refused = await held.renew(await basisOf("storage: { default: { driver: lru-cache } }\n"))
    await refused.drop()
    expect(await one.getItem("k")).toBe("kept")
    const edited = await held.renew(await basisOf("storage: { default: { driver: lru-cache } }\n"))
    await edited.use()
    expect(await one.getItem("k")).toBe(null)
  })
})

describe("what workers count", () => {
  test.each([
    ["in memory", ""],
    ["on files", "storage: { default: { driver: fs-lite, base: ./kept } }\n"],
  ])("%s is one sum", async (_, rest) => {
    const { held, one, other } = await workersWith(rest)
    const log = createLog({ level: "silent", write: () => {}, mask: (text) => text })
    const counters = [one, other].map((storage) => createCounters(storage, "plugin:limit", log))
    const sums = await Promise.all([...counters, ...counters, ...counters].map((own) => own.add("k", 2, 60)))
    expect(sums.toSorted((a, b) => a - b)).toEqual([2, 4, 6, 8, 10, 12])
    expect(await Promise.all(counters.map((own) => own.get("k")))).toEqual([12, 12])
    await held.close()
  })

  test("while nobody answers is counted by each alone, and a line says so", async () => {
    vi.useFakeTimers()
    const [primary] = peerOf<PrimaryCalls>({ add: () => new Promise(() => {}) } as unknown as PrimaryCalls)
    const storage = await openStorage({}, "/nowhere", String, sharedStorage(primary))
    const lines: string[] = []
    const log = createLog({ write: (line) => lines.push(line.slice(25)), mask: (text) => text })
    const adding = createCounters(storage, "plugin:limit", log).add("k", 1, 60)
    await vi.advanceTimersByTimeAsync(2000)
    expect(await adding).toBe(1)
    expect(lines).toEqual([expect.stringMatching(/^warn  counting in this process alone.*error="Error: no answer within 2 s"$/)])
    vi.useRealTimers()
  })
})
