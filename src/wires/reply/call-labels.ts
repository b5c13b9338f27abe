/** How the client knows tools and calls, while the backend knows them by other names and ids. */
import type { MessageRequest } from "../../anthropic/types.ts"
import { encodeId, originalNames } from "../request/names.ts"

export class CallLabels {
  readonly #request: MessageRequest
  readonly #nameMax: number
  readonly #newId: (prefix: string) => string
  #ids: Set<string> | undefined // tool-call ids the conversation has seen
  #names: ReadonlyMap<string, string> | undefined // shortened tool name → the client's

  /** @param nameMax Characters a tool's name may have at the backend. */
  constructor(request: MessageRequest, nameMax: number, newId: (prefix: string) => string) {
    this.#request = request
    this.#nameMax = nameMax
    this.#newId = newId
  }

  /** The client's own name for a tool that was shortened for the backend. */
  name(given: string): string {
    this.#names ??= originalNames(this.#request, this.#nameMax)
    return this.#names.get(given) ?? given
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
