/**
 * How the demo backend says its answer: as one completion, or as a stream at the pace of a fast model, so that what
 * depends on time (pings, aborts, a cursor that moves) can be seen.
 */
import { words } from "./answer.ts"
import type { DemoAnswer } from "./answer.ts"
import type {
  ChatChoice,
  ChatChunk,
  ChatCompletion,
  ChatDelta,
  ChatToolCall,
  ChatToolCallDelta,
} from "../wires/chat/types.ts"

/** Milliseconds between two chunks. */
const PACE = 30
/** Words a chunk. */
const GROUP = 2

/** What every object of an answer carries. */
export interface Stamp {
  readonly id: string
  readonly created: number
  readonly model: string
}

type Completion = Stamp & ChatCompletion & { readonly object: "chat.completion" }
type Chunk = Stamp & ChatChunk & { readonly object: "chat.completion.chunk" }

export function toCompletion(answer: DemoAnswer, stamp: Stamp): Completion {
  const { thought, text, calls, finish, stopped, usage } = answer
  const message = {
    role: "assistant",
    content: text,
    ...(thought && { reasoning_content: thought }),
    ...(calls.length > 0 && { tool_calls: calls }),
  }
  const choice = { index: 0, message, finish_reason: finish, ...(stopped !== undefined && { stop_reason: stopped }) }
  return { ...stamp, object: "chat.completion", choices: [choice], usage }
}

/** The answer as a list of `chat.completion.chunk` objects, in the order in which a model would say them. */
export function toChunks(answer: DemoAnswer, stamp: Stamp, includeUsage: boolean): Chunk[] {
  const { thought, text, calls, finish, stopped, usage } = answer
  const choices: ChatChoice[] = [
    says({ role: "assistant", content: "" }),
    ...groups(thought).map((group) => says({ reasoning_content: group })),
    ...groups(text).map((group) => says({ content: group })),
    ...calls.flatMap((call, index) => callDeltas(call, index)).map((call) => says({ tool_calls: [call] })),
    { index: 0, delta: {}, finish_reason: finish, ...(stopped !== undefined && { stop_reason: stopped }) },
  ]
  const chunk = (list: ChatChoice[], total?: DemoAnswer["usage"]): Chunk => {
    // OpenAI: null on all but the last chunk when usage is asked for, absent when it is not.
    const asked = includeUsage ? { usage: total ?? null } : {}
    return { ...stamp, object: "chat.completion.chunk", choices: list, ...asked }
  }
  return [...choices.map((choice) => chunk([choice])), ...(includeUsage ? [chunk([], usage)] : [])]
}

/**
 * Chunks as server-sent events, one each {@link PACE}, `data: [DONE]` behind them. Nothing is made before it is read;
 * when the reader cancels or the signal aborts, the timer stops at once.
 */
export function paced(chunks: readonly Chunk[], signal: AbortSignal | undefined): ReadableStream<Uint8Array> {
  const lines = [...chunks.map((chunk) => JSON.stringify(chunk)), "[DONE]"]
  const encoder = new TextEncoder()
  let next = 0
  let timer: ReturnType<typeof setTimeout> | undefined
  let abort = (): void => {}
  const stop = (): void => {
    clearTimeout(timer)
    signal?.removeEventListener("abort", abort)
  }
  return new ReadableStream<Uint8Array>(
    {
      start(controller) {
        abort = () => {
          stop()
          controller.error(signal?.reason)
        }
        signal?.addEventListener("abort", abort)
      },
      pull(controller) {
        return new Promise((resolve) => {
          const say = (): void => {
            controller.enqueue(encoder.encode(`data: ${lines[next]}\n\n`))
            next += 1
            if (next === lines.length) {
              stop()
              controller.close()
            }
            resolve()
          }
          if (next === 0) say()
          else timer = setTimeout(say, PACE)
        })
      },
      cancel: stop,
    },
    { highWaterMark: 0 },
  )
}

function groups(text: string): string[] {
  const all = words(text)
  return Array.from({ length: Math.ceil(all.length / GROUP) }, (_, n) => {
    return all.slice(n * GROUP, (n + 1) * GROUP).join("")
  })
}

function says(delta: ChatDelta): ChatChoice {
  return { index: 0, delta, finish_reason: null }
}

/** The name first, then the arguments in pieces, as OpenAI streams them. */
function callDeltas({ id, type, function: called }: ChatToolCall, index: number): ChatToolCallDelta[] {
  const pieces = called.arguments.match(/.{1,12}/gsu) ?? []
  return [
    { index, id, type, function: { name: called.name, arguments: "" } },
    ...pieces.map((piece) => ({ index, function: { arguments: piece } })),
  ]
}
