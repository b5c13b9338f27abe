/**
 * `llm-proxy plugin new NAME`: a plugin to begin with, and its test, beside the config. They are `.mts`, which is a
 * module whatever a package.json around it says; npm makes one that says otherwise.
 */
import { mkdir, writeFile } from "node:fs/promises"
import { dirname, join, resolve } from "node:path"
import { shorten } from "../../config/mistakes.ts"
import { defineCommand, UsageError } from "../command.ts"
import { readEnvironment } from "../environment.ts"
import { COMPILED } from "../own-package.ts"
import { displayed } from "../plugin-file.ts"
import { filesOf, PLUGIN_NAME } from "../plugin-folder.ts"
import { codeOf, reasonOf, StartError } from "../start-error.ts"

const USAGE = "plugin new NAME"

export const pluginNew = defineCommand({
  usage: USAGE,
  args: {
    verb: { type: "positional", required: true, description: "new" },
    name: { type: "positional", required: true, description: "of the plugin: lower-case letters, digits, - and _" },
  },
  examples: [["llm-proxy plugin new tea", "writes plugins/tea.mts and its test beside the config"]],
  async run({ verb, name }, terminal) {
    if (verb !== "new") throw new UsageError(`usage: llm-proxy ${USAGE}`)
    if (!PLUGIN_NAME.test(name)) {
      throw new StartError(`${shorten(name)} is not a plugin's name: lower-case letters, digits, - and _`)
    }
    const cwd = process.cwd()
    const { config } = await readEnvironment(process.env, cwd)
    const folder = join(dirname(resolve(cwd, config)), "plugins")
    const [taken] = await filesOf(name, folder) // by another ending, or by a plugin that comes with the program
    if (taken !== undefined) throw alreadyThere(taken)
    await mkdir(folder, { recursive: true })
    for (const [file, text] of [
      [`${name}.mts`, toPlugin(name)],
      [`${name}.test.mts`, toTest(name)],
    ] as const) {
      await write(join(folder, file), text)
      terminal.out(`wrote ${displayed(join(folder, file))}\n`)
    }
    terminal.out(`\nTo use it, list it in ${config}:\n\n  plugins:\n    - ${name}\n\n`)
    terminal.out(`To test it: ${testCommand(displayed(join(folder, `${name}.test.mts`)))}\n`)
    return 0
  },
})

/** In a clone `llm-proxy` is its sources. */
function testCommand(path: string): string {
  return `node ${COMPILED ? "" : "--conditions=llm-proxy "}--test ${path}`
}

async function write(path: string, text: string): Promise<void> {
  try {
    await writeFile(path, text, { flag: "wx" })
  } catch (error) {
    if (codeOf(error) === "EEXIST") throw alreadyThere(path)
    throw new StartError(`${displayed(path)}: ${reasonOf(error)}`, { cause: error })
  }
}

function alreadyThere(path: string): StartError {
  return new StartError(`${displayed(path)}: is there already, and was left as it is`)
}

function toPlugin(name: string): string {
  return `/**
 * ${name}: what it does, in a line.
 *
 *   plugins:
 *     - ${name}: { suffix: "!" }
 */
import { definePlugin, defineStage, onMessage, v } from "llm-proxy"

export default definePlugin({
  name: "${name}",

  // Checked when the proxy starts: a wrong option is an error with its place in config.yaml.
  options: v.strictObject({
    suffix: v.optional(v.string(), ""),
  }),

  // Called once. Beside \`log\` there are \`storage\`, \`counters\` and \`models\`.
  setup: ({ suffix }, { log }) =>
    defineStage({
      name: "${name}",

      // Where it stands: before auth or parse it sees HTTP; before route or toOpenAI Anthropic's messages, both ways;
      // before upstream the backend's own.
      before: "route",

      async run(context, next) {
        // On the way there: hand on another request by spreading. Nothing is ever changed in place.
        const { request } = context
        const stop_sequences = suffix ? [...(request.stop_sequences ?? []), suffix] : request.stop_sequences

        // The rest of the line. It settles when the backend has begun to answer, and rejects when it did not.
        const reply = await next({ ...context, request: { ...request, ...(stop_sequences && { stop_sequences }) } })

        // On the way back: a stream of events. \`tap\` looks at each, \`mapEvents\` changes them, \`onMessage\` waits for all.
        return reply.pipeThrough(
          onMessage(({ message }) => log.info("answered", { tokens: message.usage.output_tokens })),
        )
      },
    }),
})
`
}

function toTest(name: string): string {
  return `/** Run with: ${testCommand(`plugins/${name}.test.mts`)} */
import assert from "node:assert/strict"
import { test } from "node:test"
import { testPlugin } from "llm-proxy/testing"
import plugin from "./${name}.mts"

test("${name} is a good citizen of the line", async () => {
  // Runs its stages against answers of many kinds: nothing changed in place, no state shared between requests, events
  // it does not know passed on, a client that leaves told to the backend. An empty list means that all is well.
  assert.deepEqual(await testPlugin(plugin, { suffix: "!" }), [])
})
`
}
