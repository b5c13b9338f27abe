/** The official SDKs, unmodified, and a proxy that listens on loopback for them. */
import Anthropic from "@anthropic-ai/sdk"
import { betaZodTool } from "@anthropic-ai/sdk/helpers/beta/zod"
import { zodOutputFormat } from "@anthropic-ai/sdk/helpers/zod"
import Anthropic0 from "anthropic-sdk-0"
import { betaZodTool as betaZodTool0 } from "anthropic-sdk-0/helpers/beta/zod"
import { zodOutputFormat as zodOutputFormat0 } from "anthropic-sdk-0/helpers/zod"
import { serve } from "h3"
import { createProxy } from "../src/proxy.ts"
import { startBackend, type ScriptedBackend } from "./_backend.ts"

export interface Sdk {
  readonly version: string
  readonly Anthropic: typeof Anthropic
  readonly betaZodTool: typeof betaZodTool
  readonly zodOutputFormat: typeof zodOutputFormat
}

/** What the tests use of the older one has the same shape; its types are kept apart by private fields only. */
export const SDKS: readonly Sdk[] = [
  { version: "1.12.0", Anthropic, betaZodTool, zodOutputFormat },
  {
    version: "0.137.0",
    Anthropic: Anthropic0 as unknown as typeof Anthropic,
    betaZodTool: betaZodTool0 as unknown as typeof betaZodTool,
    zodOutputFormat: zodOutputFormat0 as unknown as typeof zodOutputFormat,
  },
]

/** A key for all models. */
export const KEY = "key-of-the-application"
/** A key for `demo` alone. */
export const NARROW = "key-for-the-demo-alone"

export interface Setup {
  /** The proxy's address. */
  readonly url: string
  readonly backend: ScriptedBackend
  close(): Promise<void>
}

/** A proxy whose `demo` is the demo backend, and whose `scripted`, `openai/gpt-5` and `spare` are a scripted one. */
export async function startProxy(): Promise<Setup> {
  const backend = await startBackend()
  const proxy = await createProxy({
    models: {
      demo: { backend: "demo", model: "demo" },
      scripted: { backend: "scripted", model: "gpt" },
      "openai/gpt-5": { backend: "scripted", model: "gpt-5" },
      spare: { backend: "scripted", model: "spare" },
    },
    backends: { demo: { base_url: "demo:" }, scripted: { base_url: backend.url, api_key: "key-of-the-proxy" } },
    keys: [
      { name: "app", key: KEY },
      { name: "narrow", key: NARROW, models: ["demo"] },
    ],
  })
  const server = await serve(proxy.app, { port: 0, hostname: "127.0.0.1", silent: true }).ready()
  return {
    url: (server.url ?? "").replace(/\/$/, ""),
    backend,
    async close() {
      await server.close(true)
      await proxy.close()
      await backend.close()
    },
  }
}

/** The usage of a message with nothing in it but these counts. */
export function usage(counts: Partial<Anthropic.Usage>): Anthropic.Usage {
  return {
    input_tokens: 0,
    output_tokens: 0,
    cache_creation: null,
    cache_creation_input_tokens: 0,
    cache_read_input_tokens: 0,
    inference_geo: null,
    output_tokens_details: null,
    server_tool_use: null,
    service_tier: null,
    speed: null,
    ...counts,
  }
}
