import * as v from "valibot"
import { describe, expect, test } from "vitest"
import { FLAGS, PROFILES, profileFor } from "../src/backends/index.ts"
import { GENERAL, withFlags, type Profile, type ProfileFlags } from "../src/backends/profile.ts"
import { FlagsSchema } from "../src/config/schema.ts"

const profiles = Object.entries<ProfileFlags>(FLAGS)

test.each<[name: keyof typeof FLAGS, url: string]>([
  ["openai", "https://api.openai.com/v1"],
  ["openai", "https://eu.api.openai.com/v1"],
  ["azure", "https://acme.openai.azure.com/openai/v1"],
  ["azure", "https://acme.openai.azure.com/openai/deployments/gpt?api-version=2024-10-21"],
  ["azure", "https://acme.services.ai.azure.com/openai/v1"],
  ["azure", "https://acme.cognitiveservices.azure.com/openai/v1"],
  ["ollama", "http://localhost:11434/v1"],
  ["ollama", "http://10.0.0.7:11434"],
  ["ollama", "https://ollama.com/v1"],
  ["databricks", "https://dbc-1.cloud.databricks.com/serving-endpoints"],
  ["databricks", "https://adb-1.2.azuredatabricks.net/serving-endpoints"],
  ["databricks", "https://x.databricksapps.com/v1"],
  ["deepseek", "https://api.deepseek.com"],
  ["deepseek", "https://api.deepseek.com/v1"],
  ["openrouter", "https://openrouter.ai/api/v1"],
  ["lm-studio", "http://127.0.0.1:1234/v1"],
  ["groq", "https://api.groq.com/openai/v1"],
  ["mistral", "https://api.mistral.ai/v1"],
  ["mistral", "https://codestral.mistral.ai/v1"],
  ["gemini", "https://generativelanguage.googleapis.com/v1beta/openai"],
  ["xai", "https://api.x.ai/v1"],
  ["xai", "https://us-east-1.api.x.ai/v1"],
  ["moonshot", "https://api.moonshot.ai/v1"],
  ["moonshot", "https://api.moonshot.cn/v1"],
  ["zhipu", "https://api.z.ai/api/paas/v4"],
  ["zhipu", "https://open.bigmodel.cn/api/paas/v4"],
  ["together", "https://api.together.xyz/v1"],
  ["fireworks", "https://api.fireworks.ai/inference/v1"],
  ["openai", "https://API.OpenAI.com/v1"],
  ["general", "http://localhost:8000/v1"],
  ["general", "http://localhost:8080/v1"],
  ["general", "http://api.openai.com/v1"],
  ["general", "https://api.openai.com.evil.test/v1"],
  ["general", "https://notapi.x.ai/v1"],
  ["general", "https://evil.test/api.openai.com/v1"],
  ["general", "https://evil.test/x.api.openai.com/v1"],
  ["general", "demo:"],
])("%s is told by %s", (name, url) => {
  expect(profileFor(url)).toEqual(PROFILES[name])
})

test("the beta of DeepSeek goes on with an answer, beside what its API takes anyhow", () => {
  const { prefill, ...beta } = profileFor("https://api.deepseek.com/beta")
  const { prefill: _, ...usual } = profileFor("https://api.deepseek.com")
  expect([prefill, beta]).toEqual(["prefix", usual])
})

describe.each(profiles)("profile %s", (name, flags) => {
  test("is what a config could say, too", () => {
    expect(v.safeParse(FlagsSchema, flags).issues).toBeUndefined()
  })

  test("states only where it differs", () => {
    const { reasoning = {}, schema = {}, ...rest } = flags
    expect(same(rest, GENERAL)).toEqual([])
    expect(same(reasoning, GENERAL.reasoning)).toEqual([])
    expect(same(schema, GENERAL.schema)).toEqual([])
  })

  test("keeps the general value of every flag it does not state", () => {
    const profile = PROFILES[name]
    expect(profile).toEqual(withFlags(GENERAL, flags))
    expect(Object.keys(profile ?? {})).toEqual(Object.keys(GENERAL))
  })
})

test("every flag can be set in a config", () => {
  expect(Object.keys(FlagsSchema.entries)).toEqual(Object.keys(GENERAL))
  const inner = (flag: "reasoning" | "schema") => Object.keys(FlagsSchema.entries[flag].wrapped.entries)
  expect(inner("reasoning")).toEqual(Object.keys(GENERAL.reasoning))
  expect(inner("schema")).toEqual(Object.keys(GENERAL.schema))
})

test("flags are laid over a profile one by one, those of its parts too", () => {
  const profile = withFlags(GENERAL, { stop_max: 1, reasoning: { off: "none" }, schema: { remove: ["$schema"] } })
  expect(profile).toEqual({
    ...GENERAL,
    stop_max: 1,
    reasoning: { ...GENERAL.reasoning, off: "none" },
    schema: { ...GENERAL.schema, remove: ["$schema"] },
  } satisfies Profile)
})

test.each<[flags: object, message: string]>([
  [{ tool_choice: ["auto", "any"] }, "must be one of auto, none, required, function"],
  [{ tool_choice: true }, "must be a list of auto, none, required, function"],
  [{ reasoning: { off: true } }, "must be an effort, or a mapping of fields"],
  [{ schema: { remove: "$schema" } }, "must be a list of names"],
  [{ auth_header: "api key" }, "must be a header's name"],
])("the flag %j is refused", (flags, message) => {
  expect(v.safeParse(FlagsSchema, flags).issues?.map((issue) => issue.message)).toEqual([message])
})

/** The names under which both say the same. */
function same(stated: object, general: object): string[] {
  const usual = new Map<string, unknown>(Object.entries(general))
  return Object.entries(stated).flatMap(([flag, value]) =>
    JSON.stringify(value) === JSON.stringify(usual.get(flag)) ? [flag] : [],
  )
}
