/** Requests to vary in tests, and what is said of them when they are refused. */
import {
  checkCountRequest,
  checkMessageRequest,
  parseCountRequest,
  parseMessageRequest,
  type CountRequest,
} from "../../src/anthropic/request.ts"
import type { MessageRequest } from "../../src/anthropic/types.ts"
import { ProxyError } from "../../src/error.ts"

/** The least request there is, with other fields on top. */
export function request(fields: object = {}): Record<string, unknown> {
  return { model: "m", max_tokens: 100, messages: [{ role: "user", content: "Hello" }], ...fields }
}

/** A request whose only message is the user's, with these blocks. */
export function userBlocks(...content: readonly unknown[]): Record<string, unknown> {
  return request({ messages: [{ role: "user", content }] })
}

/** A user's greeting, and then an assistant's message with these blocks. */
export function assistantBlocks(...content: readonly unknown[]): Record<string, unknown> {
  return request({
    messages: [
      { role: "user", content: "Hello" },
      { role: "assistant", content },
    ],
  })
}

/** A tool that any request may carry. */
export function tool(name: string, fields: object = {}): Record<string, unknown> {
  return { name, input_schema: { type: "object" }, ...fields }
}

/** Looks at a body as it is done for a backend it is translated for. */
export function checkedMessage(body: unknown): MessageRequest {
  const request = parseMessageRequest(body)
  checkMessageRequest(request)
  return request
}

/** The same for `count_tokens`. */
export function checkedCount(body: unknown): CountRequest {
  const request = parseCountRequest(body)
  checkCountRequest(request)
  return request
}

/** The message of the 400 that `run` throws; undefined when it throws nothing. */
export function faultOf(run: () => unknown): string | undefined {
  try {
    run()
  } catch (error) {
    if (error instanceof ProxyError && error.status === 400 && error.type === "invalid_request_error")
      return error.message
    throw error
  }
  return undefined
}
