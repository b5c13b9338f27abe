/** The config that `init` writes: what was found, with the words that help to go on from there. */
import type { Config } from "../../config/config.ts"
import { literal, toConfigText, type Section } from "./config-text.ts"
import type { Found } from "./find-backends.ts"

/** Which models answer for Claude's. */
export interface Choice {
  readonly big: Target
  readonly small: Target
}

interface Target {
  readonly backend: string
  readonly model: string
}

export function toFirstConfig(found: readonly Found[], choice: Choice | undefined): string {
  const sections: Section[] = [
    { comment: MODELS, part: { models: modelsOf(found, choice) } },
    { comment: BACKENDS, part: { backends: backendsOf(found) } },
    { comment: found.length > 0 ? REST : `${EXAMPLES}\n\n${REST}`, part: {} },
  ]
  return toConfigText(HEAD, sections)
}

function modelsOf(found: readonly Found[], choice: Choice | undefined): Config["models"] {
  const claude: Config["models"] = choice
    ? { "claude-*": target(choice.big), "claude-haiku-*": target(choice.small) }
    : { "claude-*": DEMO }
  const named = found.flatMap(({ name, models }) => {
    return models.map((model): [string, Target] => [model, target({ backend: name, model })])
  })
  const own = new Map<string, Target>()
  for (const [name, to] of named) if (!name.includes("*") && !own.has(name)) own.set(name, to) // the first server's
  return { ...claude, ...Object.fromEntries(own), demo: DEMO }
}

function target({ backend, model }: Target): Target {
  return { backend, model: literal(model) }
}

function backendsOf(found: readonly Found[]): Config["backends"] {
  const all = found.map(({ name, base_url, api_key, profile }): [string, Config["backends"][string]] => [
    name,
    { base_url, ...(api_key !== undefined && { api_key }), ...(profile && { profile }) },
  ])
  return { ...Object.fromEntries(all), demo: { base_url: "demo:" } }
}

const DEMO: Target = { backend: "demo", model: "demo" }

const HEAD = `Which model a client asks for, and which backend answers. An edit is in effect at once.
Values may name variables of the environment or of .env: \${VAR}, \${VAR:-a default}; $$ is a dollar sign.`

const MODELS = `The name a client asks for: where it goes. * stands for anything; an exact name wins over a pattern,
and a longer pattern over a shorter one. The demo needs no backend: it echoes, and says so.`

const BACKENDS = `Where models are. What kind a backend is, its address tells, or profile: does.`

const EXAMPLES = `Others, to stand beside the demo:
  ollama:
    base_url: http://localhost:11434/v1
  gpu:
    base_url: http://gpu:8000/v1
    profile: vllm
  openai:
    base_url: https://api.openai.com/v1
    api_key: \${OPENAI_API_KEY}      # in .env`

const REST = `server:
  host: 127.0.0.1   # this machine only; 0.0.0.0 is every address, and needs PROXY_API_KEY
  port: 8081

More keys than PROXY_API_KEY, each for the models it may use:
keys:
  - { name: team-a, key: "\${TEAM_A_KEY}", models: ["claude-haiku-*"] }

Outermost first; llm-proxy plugins shows where each stands:
plugins:
  - log
  - retry`
