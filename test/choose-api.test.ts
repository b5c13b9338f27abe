import { describe, expect, test } from "vitest"
import { PROFILES, profileFor } from "../src/backends/index.ts"
import { GENERAL } from "../src/backends/profile.ts"
import { chooseApi } from "../src/choose-api.ts"
import { resolveConfig } from "../src/config/config.ts"
import type { Backend } from "../src/stage.ts"

/** Over which API a model of a backend is asked. */
function apiOf(model: string, base_url: string, options: object = {}): string {
  const config = { models: {}, backends: { b: { base_url, ...options } } }
  const backend = resolveConfig(config).backends.get("b") as Backend
  return chooseApi({ model, backend })
}

describe("api: auto", () => {
  test.each([
    ["gpt-4o", "chat"],
    ["gpt-5", "chat"],
    ["gpt-5.1", "chat"],
    ["gpt-5.4", "responses"],
    ["gpt-5.4-mini-2026-03-05", "responses"],
    ["gpt-5.6", "responses"],
    ["gpt-5-pro", "responses"],
    ["gpt-5.1-codex-max", "responses"],
    ["o3", "chat"],
    ["o3-pro", "responses"],
  ])("OpenAI's %s is asked over %s", (model, api) => {
    expect(apiOf(model, "https://api.openai.com/v1")).toBe(api)
  })

  test.each([
    ["http://localhost:11434/v1", "chat"],
    ["https://api.anthropic.com", "anthropic"],
    ["https://api.deepseek.com/anthropic", "anthropic"],
    ["https://dbc-1.cloud.databricks.com/ai-gateway/anthropic", "anthropic"],
    ["https://api.z.ai/api/anthropic/v1", "anthropic"],
    ["https://api.deepseek.com/v1", "chat"],
  ])("%s is asked over %s", (url, api) => {
    expect(apiOf("m", url)).toBe(api)
  })

  test("the table is overridden by flags, and auto by an API", () => {
    const url = "https://api.openai.com/v1"
    expect(apiOf("gpt-5.6", url, { api: "chat" })).toBe("chat")
    expect(apiOf("gpt-5.6", url, { flags: { responses_models: [] } })).toBe("chat")
    expect(apiOf("own", url, { api: "auto", flags: { responses_models: ["own"] } })).toBe("responses")
    expect(apiOf("own", "http://gpu:8000/v1", { flags: { api: "responses" } })).toBe("responses")
  })

  test("a path that ends in /anthropic is no other profile's", () => {
    expect(profileFor("https://api.deepseek.com/anthropic")).toEqual({ ...GENERAL, api: "anthropic" })
    expect(PROFILES["anthropic"]).toMatchObject({ api: "anthropic", auth_header: "x-api-key", billing_header: true })
  })
})
