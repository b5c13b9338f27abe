/** The commands by name. Each one's module is imported when it is asked for and not before: a server needs none. */
import type { Command } from "./command.ts"

export interface Entry {
  /** What it does, in a line. */
  readonly about: string
  load(): Promise<Command>
}

export const COMMANDS: Readonly<Record<string, Entry>> = {
  start: { about: "serves; so does llm-proxy alone", load: async () => (await import("./commands/start.ts")).start },
  init: {
    about: "finds model servers and keys, and writes config.yaml and .env",
    load: async () => (await import("./commands/init.ts")).init,
  },
  check: {
    about: "looks whether config, keys, backends and models are right",
    load: async () => (await import("./commands/check.ts")).check,
  },
  models: {
    about: "what clients can ask for, and where it goes",
    load: async () => (await import("./commands/models.ts")).models,
  },
  code: { about: "starts Claude Code on this proxy", load: async () => (await import("./commands/code.ts")).code },
  env: {
    about: "prints the variables that lead a client here",
    load: async () => (await import("./commands/env.ts")).env,
  },
  import: {
    about: "makes config.yaml of a config of claude-code-router or LiteLLM",
    load: async () => (await import("./commands/import.ts")).importConfig,
  },
  explain: {
    about: "what would become of a request: route, changes, and what the backend would get",
    load: async () => (await import("./commands/explain.ts")).explain,
  },
  plugins: {
    about: "the line as it will run, every stage in its place",
    load: async () => (await import("./commands/plugins.ts")).plugins,
  },
  plugin: {
    about: "plugin new NAME: writes a plugin and its test",
    load: async () => (await import("./commands/plugin-new.ts")).pluginNew,
  },
  completion: {
    about: "prints what makes a shell complete these words",
    load: async () => (await import("./commands/completion.ts")).completion,
  },
}
