import { expect, test } from "vitest"
import { toAuth, toRoot, toUrl } from "../../src/dial/address.ts"
import { GENERAL, withFlags } from "../../src/backends/profile.ts"
import { findMistakes } from "../../src/config/mistakes.ts"
import { resolveConfig } from "../../src/config/config.ts"
import { createDial } from "../../src/dial/dial.ts"
import { createHops } from "../../src/dial/hops.ts"

const AZURE = "https://acme.openai.azure.com/openai/deployments/gpt"

test.each([
  ["https://a.test/v1", "https://a.test/v1/chat/completions"],
  ["demo:", "demo:/chat/completions"],
  [`${AZURE}?api-version=2024-10-21`, `${AZURE}/chat/completions?api-version=2024-10-21`],
  [`${AZURE}/?api-version=2024-10-21`, `${AZURE}/chat/completions?api-version=2024-10-21`],
])("below %s a path is %s", (base_url, url) => {
  expect(toUrl({ base_url }, "/chat/completions")).toBe(url)
})

test.each([
  ["authorization", { authorization: "Bearer k-1" }],
  ["Authorization", { authorization: "Bearer k-1" }],
  ["api-key", { "api-key": "k-1" }],
])("a key goes into the header %s", (auth_header, headers) => {
  const profile = withFlags(GENERAL, { auth_header })
  expect(toAuth({ api_key: "k-1", profile })).toEqual(headers)
  expect(toAuth({ api_key: undefined, profile })).toEqual({})
})

test.each([
  [`${AZURE}?api-version=2024-10-21`, true],
  [`${AZURE}/?api-version=preview`, true],
  ["https://a.test/v1?key=k-1", false],
  [`${AZURE}?api-version=1&key=k-1`, false],
  ["https://a.test/v1#part", false],
  ["https://user:secret@a.test/v1", false],
])("a base URL %s is taken: %s", (base_url, taken) => {
  expect(findMistakes({ models: {}, backends: { a: { base_url } } })).toEqual(
    taken ? [] : [{ path: ["backends", "a", "base_url"], message: expect.stringContaining("but api-version") }],
  )
})

test("a deployment at Azure is asked with its version and its key", async () => {
  const asked: unknown[] = []
  const dial = createDial(createHops(() => "0".repeat(32)), (url, init) => {
    const headers = new Headers(init?.headers)
    asked.push(url, headers.get("api-key"), headers.get("authorization"))
    return Promise.resolve(new Response("{}"))
  })
  const azure = { base_url: `${AZURE}?api-version=2024-10-21`, api_key: "k-azure" }
  const backend = resolveConfig({ models: {}, backends: { azure } }).backends.get("azure")
  if (!backend) throw new Error("no backend")
  await dial(backend, { path: "/chat/completions", body: "{}", from: new Headers(), signal: new AbortController().signal })
  expect(asked).toEqual([`${AZURE}/chat/completions?api-version=2024-10-21`, "k-azure", null])
})

test.each([
  ["http://gpu:8000/v1", "http://gpu:8000"],
  ["http://gpu:8000/v1/", "http://gpu:8000"],
  ["http://gpu:8000/models/v1", "http://gpu:8000/models"],
  ["http://gpu:8000", "http://gpu:8000"],
  ["https://a.test/v1beta/openai", "https://a.test/v1beta/openai"],
  ["https://a.test/v1?api-version=1", "https://a.test?api-version=1"],
])("a server's own paths stand beside its API: %s → %s", (base_url, root) => {
  expect(toRoot(base_url)).toBe(root)
})
