/** Recorded answers of backends over all three APIs, as the bytes they were. */
import { unfold } from "../../src/anthropic/fold.ts"
import type { MessageRequest } from "../../src/anthropic/types.ts"
import { PROFILES } from "../../src/backends/index.ts"
import type { Api } from "../../src/wires/registry.ts"
import { readFixtures, type Fixture } from "../_fixtures.ts"

/** One event of a stream; `name` where the API has one. */
export interface Sent {
  readonly name: string | undefined
  readonly data: string
}

export interface Recording {
  readonly name: string
  readonly api: Api
  /** Name of a profile. */
  readonly profile: string
  readonly request: MessageRequest
  readonly events: readonly Sent[]
  /** The same answer as one JSON text, where that form can say the same. */
  readonly whole: string | undefined
}

const fixtures = readFixtures()

/** Every recorded answer, and each message that comes of one as a backend of the Messages API would stream it. */
export const RECORDINGS: readonly Recording[] = [...fixtures.map(toRecording), ...fixtures.map(toMessages)]

/** Twenty of them, of all three APIs, with thinking, calls, refusals, cut texts and text beyond ASCII. */
export const TWENTY: readonly Recording[] = [
  "azure/content-filter",
  "deepseek/reasoning-then-call",
  "gemini/calls-without-index-then-stop",
  "llama.cpp/arguments-as-object",
  "mistral/interleaved-thinking",
  "ollama/calls-all-at-index-0",
  "openai/parallel-calls",
  "openai/stop-cut-over-chunks",
  "openai/text-beyond-ascii",
  "openrouter/interleaved-reasoning",
  "responses/interleaved-calls",
  "responses/length-in-arguments",
  "responses/reasoning-items-in-a-row",
  "responses/refusal",
  "responses/two-messages",
  "messages of deepseek/reasoning-then-call",
  "messages of openai/parallel-calls",
  "messages of openai/text-beyond-ascii",
  "messages of mistral/interleaved-thinking",
  "messages of openai/refusal",
].map((name) => {
  const found = RECORDINGS.find((recording) => recording.name === name)
  if (!found) throw new Error(`there is no recording ${name}`)
  return found
})

/** A stream as a server writes it. @param end What ends a line. */
export function toText(events: readonly Sent[], end = "\n"): string {
  return events.map(({ name, data }) => `${name ? `event: ${name}${end}` : ""}data: ${data}${end}${end}`).join("")
}

function toRecording({ name, backend, request, chunks, whole }: Fixture): Recording {
  const api = backend === "responses" ? backend : "chat"
  const profile = backend in PROFILES ? backend : "general"
  return { name, api, profile, request, events: chunks.map((data) => ({ name: undefined, data })), whole }
}

function toMessages({ name, request, message }: Fixture): Recording {
  const whole = { ...message, id: "msg_of_the_backend" }
  const [start, ...rest] = unfold(whole)
  return {
    name: `messages of ${name}`,
    api: "anthropic",
    profile: "anthropic",
    request,
    events: [start, { type: "ping" }, ...rest].map((event) => ({ name: event?.type, data: JSON.stringify(event) })),
    whole: JSON.stringify(whole),
  }
}
