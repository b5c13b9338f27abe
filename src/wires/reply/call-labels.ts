/** How the client knows tools and calls, while the backend knows them by other names and ids. */
import type { MessageRequest } from "../../anthropic/types.ts"
import { encodeId } from "../request/names.ts"
import { originalNames, type OriginalName } from "../request/original-names.ts"

export class CallLabels {
  readonly #request: MessageRequest
  readonly #nameMax: number
  readonly #newId: (prefix: string) => string
  #ids: Set<string> | undefined // tool-call ids the conversation has seen
  readonly #eager: ReadonlySet<string> // tools whose arguments the client wants as they come
  #names: ReadonlyMap<string, OriginalName> | undefined // tools that the backend knows by another name

  /** @param nameMax Characters a tool's name may have at the backend. */
  constructor(request: MessageRequest, nameMax: number, newId: (prefix: string) => string) {
    this.#request = request
    this.#nameMax = nameMax
    this.#newId = newId
    // Who does not stream gets each call whole, checked like any other.
    const tools = request.stream ? (request.tools ?? []) : []
    this.#eager = new Set(tools.flatMap((tool) => (tool.eager_input_streaming && tool.name) || []))
  }

  /**
   * The client's own name for a tool that has another one at the backend. Servers of gpt-oss leave tokens of its own
   * behind a name: `ls<|channel|>commentary` (vllm#32587).
   */
  name(given: string): OriginalName {
    this.#names ??= originalNames(this.#request, this.#nameMax)
    const name = /^[\w-]+(?=<\|)/.exec(given)?.[0] ?? given
    return this.#names.get(name) ?? { name }
  }

  /** Whether the client wants the arguments of this tool as they come. */
  isEager(given: string): boolean {
    const { name, toolset } = this.name(given)
    return toolset === undefined && this.#eager.has(name) // a toolset's member may have the name of a tool beside it
  }

  /** Backends leave ids out and use them again (`call_0` each turn); a client must be able to tell calls apart. */
  id(given: string): string {
    this.#ids ??= idsIn(this.#request)
    const wished = given && encodeId(given)
    const id = wished && !this.#ids.has(wished) ? wished : this.#newId("toolu_")
    this.#ids.add(id)
    return id
  }
}

function idsIn({ messages }: MessageRequest): Set<string> {
  const ids = new Set<string>()
  for (const { content } of messages) {
    if (!content || typeof content === "string") continue
    for (const block of content) if (block.type === "tool_use") ids.add(block.id)
  }
  return ids
}
