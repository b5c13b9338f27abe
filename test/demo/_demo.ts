/** Asks the demo backend. */
import { demoFetch } from "../../src/demo/fetch.ts"

export const NAME = "This is the demo backend of LLM Proxy, not a language model."
export const weather = {
  type: "function",
  function: {
    name: "get_weather",
    parameters: { type: "object", properties: { city: { type: "string" } }, required: ["city"] },
  },
}
export const clock = { type: "function", function: { name: "clock", parameters: { type: "object", properties: {} } } }

export function post(body: unknown, init: RequestInit = {}): Promise<Response> {
  const text = typeof body === "string" ? body : JSON.stringify(body)
  return demoFetch("demo:/chat/completions", { method: "POST", body: text, ...init })
}

export function said(content: unknown, more: object = {}): object {
  return { model: "demo", messages: [{ role: "user", content }], ...more }
}

/** The one choice of a whole answer, and its usage. */
export async function whole(body: object) {
  const answer = await (await post(body)).json()
  return { ...answer.choices[0], usage: answer.usage }
}
