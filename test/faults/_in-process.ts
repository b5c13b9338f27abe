/** A proxy without a network: its backends answer with the bytes they are told, in exactly these pieces. */
import { createProxy } from "../../src/proxy.ts"
import { createLog } from "../../src/log.ts"
import type { Config } from "../../src/config/config.ts"
import type { Recording } from "./_recordings.ts"

const KEY = "sk-in-process"

export interface InProcess {
  /** What a client is answered when the backend sends these pieces. */
  answer(recording: Recording, pieces: readonly Uint8Array[], stream: boolean): Promise<Answered>
  /** What the proxy has logged as failures. */
  readonly failures: readonly string[]
  close(): Promise<void>
}

export interface Answered {
  readonly status: number
  /** With ids that count in the place of random ones, and without what is sealed. */
  readonly text: string
}

/** @param recordings Of all backends that will be asked. */
export async function startInProcess(recordings: readonly Recording[]): Promise<InProcess> {
  let pieces: readonly Uint8Array[] = []
  const failures: string[] = []
  const proxy = await createProxy(configFor(recordings), {
    log: createLog({ level: "error", write: (line) => failures.push(line), mask: (text) => text }),
    fetch: async () => new Response(toStream(pieces), { headers: { "content-type": "text/event-stream" } }),
  })
  return {
    failures,
    async answer(recording, given, stream) {
      pieces = given
      const response = await proxy.fetch(
        new Request("http://localhost/v1/messages", {
          method: "POST",
          headers: { "x-api-key": KEY, "content-type": "application/json" },
          body: JSON.stringify({ ...recording.request, model: modelOf(recording), stream }),
        }),
      )
      return { status: response.status, text: counted(await response.text()) }
    },
    close: () => proxy.close(),
  }
}

/** Cuts bytes at these places. */
export function cut(bytes: Uint8Array, at: readonly number[]): readonly Uint8Array[] {
  const places = [...new Set([0, ...at.map((place) => place % (bytes.length + 1)), bytes.length])]
  const ends = places.sort((a, b) => a - b)
  return ends.slice(1).map((end, n) => bytes.subarray(ends[n], end))
}

function modelOf({ api, profile }: Recording): string {
  return `${api}-${profile}`
}

function configFor(recordings: readonly Recording[]): Config {
  const kinds = new Map(recordings.map((recording) => [modelOf(recording), recording]))
  return {
    keys: [{ name: "test", key: KEY }],
    models: Object.fromEntries([...kinds.keys()].map((name) => [name, { backend: name, model: "m" }])),
    backends: Object.fromEntries(
      [...kinds].map(([name, { api, profile }]) => [name, { base_url: "http://127.0.0.1:9/v1", api, profile }]),
    ),
  }
}

function toStream(pieces: readonly Uint8Array[]): ReadableStream<Uint8Array> {
  const left = [...pieces]
  return new ReadableStream({
    pull(controller) {
      const piece = left.shift()
      if (piece) controller.enqueue(piece)
      else controller.close()
    },
  })
}

/** Ids are random: each becomes the number of its first appearance. So is what is sealed, but for its length. */
function counted(text: string): string {
  const seen = new Map<string, string>()
  return text
    .replaceAll(/\b(msg|toolu|srvtoolu|req)_[0-9a-f]{32}\b/g, (id, kind: string) => {
      const known = seen.get(id) ?? `${kind}_${seen.size + 1}`
      seen.set(id, known)
      return known
    })
    .replaceAll(/\bllm-proxy\.1\.([\w-]+)/g, (_, sealed: string) => `sealed ${sealed.length}`)
}
