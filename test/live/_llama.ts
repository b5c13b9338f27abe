/** A real model behind llama.cpp's OpenAI-compatible server, on loopback. */
import { packages } from "./_python.ts"
import { startChild } from "./_child.ts"

export interface Llama {
  /** Where its API begins, for `base_url`. */
  readonly base: string
  /** How many answers it has begun, and how many of these it gave up because whoever asked had left. */
  seen(): { readonly begun: number; readonly dropped: number }
}

/** Asks for the most likely words, so that runs differ as little as they can. The SDK's types no longer name it. */
export const GREEDY: object = { temperature: 0 }

export interface LlamaOptions {
  /** Tokens of its window. */
  readonly context: number
  /** Further arguments. */
  readonly args?: readonly string[]
}

/** Starts it with two threads and room for one answer at a time. It ends after the tests of the file. */
export async function startLlama({ context, args = [] }: LlamaOptions): Promise<Llama> {
  const { server, model } = packages
  if (!server || !model) throw new Error("there is no model server here")
  const common = ["--host", "127.0.0.1", "--port", "0", "--threads", "2", "--parallel", "1", "--offline", "--no-ui"]
  const { until, output } = startChild(server, ["--model", model, "--ctx-size", `${context}`, ...common, ...args])
  const [, url = ""] = await until(/listening on (http:\S+:\d+)/)
  // Read from its log: asking /slots again and again keeps it from noticing that somebody has left.
  const count = (words: RegExp): number => (output.out + output.err).match(words)?.length ?? 0
  return { base: `${url}/v1`, seen: () => ({ begun: count(/processing task, /g), dropped: count(/cancel task, /g) }) }
}

/** A config with this model under a name, and under a pattern. */
export function configFor({ base }: Pick<Llama, "base">, profile = "general"): string {
  return `models:
  claude-small: { backend: llama, model: smollm2 }
  "claude-*": { backend: llama, model: smollm2 }
backends:
  llama: { base_url: "${base}", profile: ${profile} }
`
}
