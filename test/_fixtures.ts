/**
 * The recorded exchanges in test/fixtures: a request, the backend's answer streamed and whole, and the Message that
 * must come of both.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs"
import type { AssistantMessage, MessageEvent } from "../src/anthropic/events.ts"
import { SIGNATURE } from "../src/anthropic/signature.ts"
import type { MessageRequest } from "../src/anthropic/types.ts"
import { PROFILES } from "../src/backends/index.ts"
import { GENERAL } from "../src/backends/profile.ts"
import type { Step } from "../src/stream/flow.ts"
import { Decode } from "../src/stream/sse.ts"
import type { WireChunk } from "../src/wires/failure.ts"
import { wireOf, type Api } from "../src/wires/registry.ts"
import type { ReplyFacts } from "../src/wires/wire.ts"

export interface Fixture {
  /** `<backend>/<case>`. */
  readonly name: string
  readonly backend: string
  readonly request: MessageRequest
  /** The data of each event, `[DONE]` among them. */
  readonly chunks: readonly string[]
  /** The answer that is not streamed; absent where that form cannot say the same (the order of text and calls). */
  readonly whole: string | undefined
  /** Without `id`, which is made anew for each answer. */
  readonly message: Omit<AssistantMessage, "id">
}

const FOLDER = new URL("fixtures/", import.meta.url)

/** All fixtures, by name. */
export function readFixtures(): readonly Fixture[] {
  return folders(FOLDER).flatMap((backend) =>
    folders(new URL(`${backend}/`, FOLDER)).map((name) => readFixture(backend, name)),
  )
}

function readFixture(backend: string, name: string): Fixture {
  const folder = new URL(`${backend}/${name}/`, FOLDER)
  const read = (file: string): string => readFileSync(new URL(file, folder), "utf8")
  return {
    name: `${backend}/${name}`,
    backend,
    request: JSON.parse(read("request.json")) as MessageRequest,
    // Not `split(/\r?\n/)` and the like: JSON may hold U+2028, which is no end of a line here.
    chunks: read("chunks.jsonl").split("\n").filter(Boolean),
    whole: existsSync(new URL("whole.json", folder)) ? read("whole.json") : undefined,
    message: JSON.parse(read("message.json")) as Omit<AssistantMessage, "id">,
  }
}

function folders(at: URL): readonly string[] {
  return readdirSync(at, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)
    .sort()
}

/** The exchanges in `responses/` are spoken in that API, all others in Chat Completions. */
function apiOf(backend: string): Api {
  return backend === "responses" ? backend : "chat"
}

/** A reply to this request, with ids that count (`toolu_1`), for a backend of the kind named. */
export function createReply(
  request: MessageRequest,
  backend: string,
  facts: Partial<ReplyFacts> = {},
): Step<readonly WireChunk[], readonly MessageEvent[]> {
  const counts = new Map<string, number>()
  return wireOf(apiOf(backend)).reply({
    request,
    backend: { name: backend, profile: PROFILES[backend] ?? GENERAL },
    newId(prefix) {
      const count = (counts.get(prefix) ?? 0) + 1
      counts.set(prefix, count)
      return `${prefix}${count}`
    },
    note: () => {},
    seal: () => SIGNATURE,
    keep: () => {},
    ...facts,
  })
}

/** The events that come of an answer's bytes, as they arrive piece by piece. */
export function readAnswer({ request, backend }: Fixture, pieces: Iterable<Uint8Array>): readonly MessageEvent[] {
  const decode = new Decode(wireOf(apiOf(backend)).dialect(backend))
  const reply = createReply(request, backend)
  const events: MessageEvent[] = []
  for (const piece of pieces) {
    const chunks = decode.take(piece)
    if (chunks) events.push(...(reply.take(chunks) ?? []))
    if (decode.done || reply.done) return events
  }
  const chunks = decode.end()
  if (chunks) events.push(...(reply.take(chunks) ?? []))
  if (!reply.done) events.push(...(reply.end() ?? []))
  return events
}
