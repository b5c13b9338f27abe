import { execFileSync } from "node:child_process"
import { writeFile } from "node:fs/promises"
import { join } from "node:path"
import { describe, expect, test } from "vitest"
import { sortWords, UsageError } from "../../src/node/command.ts"
import { COMMANDS } from "../../src/node/command-table.ts"
import { read, tableUnder } from "../_docs.ts"
import { DEMO, folderOf, start } from "./_start.ts"

const KEY = { PROXY_API_KEY: "sk-command-line-test" }

describe("words", () => {
  const manual = {
    usage: "try FILE",
    examples: [],
    args: {
      file: { type: "positional", required: true },
      out: { type: "string" },
      yes: { type: "boolean", alias: "y" },
      watch: { type: "boolean", default: true },
    },
  } as const

  test.each<[string, readonly string[]]>([
    ["an option before and behind the file", ["--yes", "a.json", "--out", "b"]],
    ["a value behind an equals sign", ["a.json", "--out=b=c"]],
    ["short and negated ones", ["-y", "--no-watch", "a.json"]],
    ["standard input", ["-"]],
  ])("%s", (_, words) => {
    expect(sortWords(words, manual)).toEqual({ own: words, rest: [] })
  })

  test.each<[string, readonly string[], string]>([
    ["an option nobody knows", ["a", "--outt", "b"], 'unknown argument "--outt"; try llm-proxy try --help'],
    ["an option without its value", ["a", "--out"], "--out needs a value; try llm-proxy try --help"],
    ["an option in the place of a value", ["a", "--out", "--yes"], "--out needs a value; try llm-proxy try --help"],
    ["a single dash before a long name", ["a", "-yes"], 'unknown argument "-yes"; try llm-proxy try --help'],
    ["a word too many", ["a", "b"], "usage: llm-proxy try FILE"],
    ["a word too few", ["--yes"], "usage: llm-proxy try FILE"],
  ])("%s is refused", (_, words, message) => {
    expect(() => sortWords(words, manual)).toThrow(new UsageError(message))
  })

  test("from the first word that is not its own, everything goes on as it is", () => {
    const passing = { ...manual, usage: "run", passesOn: true, args: { context: { type: "string" } } } as const
    expect([
      sortWords(["--context", "64k", "-p", "hi", "--context", "9"], passing),
      sortWords(["say", "--help"], passing),
      sortWords(["--", "--help"], passing),
    ]).toEqual([
      { own: ["--context", "64k"], rest: ["-p", "hi", "--context", "9"] },
      { own: [], rest: ["say", "--help"] },
      { own: [], rest: ["--help"] },
    ])
  })
})

describe("llm-proxy", () => {
  test("helps with all commands and with each", async () => {
    const cwd = await folderOf({})
    const all = await start(cwd, {}, ["--help"]).ended
    const named = [...all.out.matchAll(/^ {2}(\w+) {2,}/gm)].map(([, name]) => name).slice(0, Object.keys(COMMANDS).length)
    expect([all.code, all.err, named]).toEqual([0, "", Object.keys(COMMANDS)])
    const one = await start(cwd, {}, ["code", "--help"]).ended
    expect([one.code, one.out.includes("--context TOKENS"), one.out.includes("\u001b[")]).toEqual([0, true, false])
  })

  test("every command has examples of itself", async () => {
    for (const [name, { load }] of Object.entries(COMMANDS)) {
      const { examples, usage } = await load()
      expect([name, usage.split(" ")[0], examples.every(([line]) => line.includes("llm-proxy"))]).toEqual([name, name, true])
    }
  })

  test("listens where it is told to, by the config it is told", async () => {
    const cwd = await folderOf({ "sub/team.yaml": `${DEMO}server: { port: 1 }\n` })
    const { until, output, child, ended } = start(cwd, { ...KEY, PORT: "2" }, ["--config", "sub/team.yaml", "--port", "0", "--host=localhost"])
    await until("listening")
    expect(output.out).toMatch(/ on http:\/\/localhost:\d{4,5}\n/)
    child.kill("SIGTERM")
    expect((await ended).code).toBe(0)
  })

  test("a port that is none is a wrong argument", async () => {
    const { code, err } = await start(await folderOf({ "config.yaml": DEMO }), KEY, ["start", "--port", "http"]).ended
    expect([code, err]).toEqual([2, 'llm-proxy: --port must be a number between 0 and 65535, not "http"\n'])
  })

  test("without --watch an edit waits for SIGHUP", async () => {
    const cwd = await folderOf({ "config.yaml": DEMO })
    const { until, output, child } = start(cwd, KEY, ["--no-watch"])
    await until("listening")
    await writeFile(join(cwd, "config.yaml"), `${DEMO}plugins: [log]\n`)
    await new Promise((resolve) => setTimeout(resolve, 400))
    expect(output.err).not.toContain("reload")
    child.kill("SIGHUP")
    await until("reloaded")
  })
})

describe("the page of the guide", () => {
  const page = "docs/1.guide/7.command.md"

  test("has every command, in the words of the help", () => {
    const told = tableUnder(page, "## Commands").map(([name = "", about]) => [/^\[?(\w+)/.exec(name)?.[1], about])
    expect(told).toEqual(Object.entries(COMMANDS).map(([name, { about }]) => [name, about]))
  })

  test("has every option of every command, and no others", async () => {
    const text = read(page) + read("docs/1.guide/8.moving.md")
    const known = new Set(["--help", "--watch"])
    for (const { load } of Object.values(COMMANDS)) {
      for (const [name, { type, ...arg }] of Object.entries((await load()).args)) {
        if (type !== "positional") known.add("default" in arg && arg.default === true ? `--no-${name}` : `--${name}`)
      }
    }
    const words = text.replaceAll(/^```\w*\n.*?^```$/gms, "").matchAll(/(?<![\w-])--[a-z][a-z-]*/g)
    expect([...new Set([...words].map(([option]) => option))].toSorted()).toEqual([...known].toSorted())
  })
})

describe("completion", () => {
  test.each(["bash", "zsh", "fish"])("for %s names every command", async (shell) => {
    const { code, out } = await start(await folderOf({}), {}, ["completion", shell]).ended
    expect([code, Object.keys(COMMANDS).filter((name) => !new RegExp(`\\b${name}\\b`).test(out))]).toEqual([0, []])
  })

  test("bash completes commands and options", async () => {
    const cwd = await folderOf({})
    const { out } = await start(cwd, {}, ["completion", "bash"]).ended
    const complete = (...words: readonly string[]): string[] => {
      const given = `COMP_WORDS=(llm-proxy ${words.join(" ")}); COMP_CWORD=${words.length}; _llm_proxy; echo "\${COMPREPLY[@]}"`
      return execFileSync("bash", ["-c", `${out}\n${given}`], { encoding: "utf8" }).trim().split(" ")
    }
    expect([complete("ch"), complete("check", "--pr"), complete("start", "--no")]).toEqual([["check"], ["--probe"], ["--no-watch"]])
  })

  test("another shell is told which there are", async () => {
    const { code, err } = await start(await folderOf({}), {}, ["completion", "tcsh"]).ended
    expect([code, err]).toEqual([2, 'llm-proxy: completion: must be one of bash, zsh, fish, not "tcsh"\n'])
  })
})
