import { chmod, lstat, readFile } from "node:fs/promises"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { join } from "node:path"
import { describe, expect, test } from "vitest"
import { startServer } from "../../src/node/server.ts"
import { StartError } from "../../src/node/start-error.ts"
import { DEMO, folderOf, recorder, start } from "./_start.ts"

const KEY = { PROXY_API_KEY: "k-1" }

describe("a start that cannot be is a line:", () => {
  const startIn = (cwd: string, env: Record<string, string> = {}) =>
    startServer({ cwd, env: { PORT: "0", ...env }, terminal: recorder() })

  test("a folder for a config", async () => {
    const cwd = await folderOf({ "conf.d/x": "" })
    const words = "conf.d: is a folder, not a file"
    await expect(startIn(cwd, { LLM_PROXY_CONFIG: "conf.d" })).rejects.toThrow(new StartError(words))
  })

  test.skipIf(process.getuid?.() === 0)("a config that cannot be read", async () => {
    const cwd = await folderOf({ "config.yaml": DEMO })
    await chmod(join(cwd, "config.yaml"), 0)
    await expect(startIn(cwd)).rejects.toThrow(new StartError("config.yaml: permission denied"))
  })

  const open = ["0.0.0.0", "::", "192.168.0.2", "my-host"]
  test.each(open)("%s, which other machines can reach, and no key", async (host) => {
    const cwd = await folderOf({ "config.yaml": `${DEMO}server: { host: "${host}" }\n` })
    const words = `other machines can reach "${host}", so a key is needed: set PROXY_API_KEY, or keys: in the config`
    await expect(startIn(cwd)).rejects.toThrow(new StartError(`server.host: ${words}`))
  })

  test("a log file that cannot be written", async () => {
    const cwd = await folderOf({ "config.yaml": DEMO })
    const words = `LOG_FILE: ${join(cwd, "no/such/a.log")}: no such file or folder`
    await expect(startIn(cwd, { ...KEY, LOG_FILE: "no/such/a.log" })).rejects.toThrow(new StartError(words))
  })

  test("a port that is taken", async () => {
    const cwd = await folderOf({ "config.yaml": DEMO })
    const other = createServer().listen(0, "127.0.0.1")
    await new Promise((resolve) => other.once("listening", resolve))
    const { port } = other.address() as AddressInfo
    const words = `llm-proxy: 127.0.0.1:${port} is in use already; set PORT, or server.port in the config`
    await expect(startIn(cwd, { ...KEY, PORT: `${port}` })).rejects.toThrow(new StartError(words))
    other.close()
  })

  test("an address of another machine", async () => {
    const cwd = await folderOf({ "config.yaml": DEMO })
    const words = 'llm-proxy: "192.0.2.1" is not an address of this machine; set HOST, or server.host in the config'
    await expect(startIn(cwd, { ...KEY, HOST: "192.0.2.1" })).rejects.toThrow(new StartError(words))
  })
})

describe.concurrent("the command", () => {
  test("ends with code 1 and one line when there is no config", async () => {
    const cwd = await folderOf({})
    expect(await start(cwd).ended).toEqual({ code: 1, out: "", err: "config.yaml: no such file or folder; llm-proxy init writes one\n" })
  })

  test("ends with code 1 and a line for each mistake, up to three", async () => {
    const cwd = await folderOf({ "config.yaml": `${DEMO}server:\n    port: "abc"\n    a: 1\n    b: 1\n    c: 1\n` })
    const err = `config.yaml:6:5 server.port: must be a number between 0 and 65535, not "abc"
config.yaml:7:5 server.a: unknown option; allowed: host, port, ping, max_body, drain, workers, timeout, max_connections, hosts, cors, secret
config.yaml:8:5 server.b: unknown option; allowed: host, port, ping, max_body, drain, workers, timeout, max_connections, hosts, cors, secret
… and 1 more
`
    expect(await start(cwd).ended).toEqual({ code: 1, out: "", err })
  })

  test("tells its version and its usage", async () => {
    const { version } = JSON.parse(await readFile(new URL("../../package.json", import.meta.url), "utf8"))
    const cwd = await folderOf({})
    expect(await start(cwd, {}, ["--version"]).ended).toEqual({ code: 0, out: `${version}\n`, err: "" })
    const { code, out } = await start(cwd, {}, ["-h"]).ended
    expect([code, out.includes("PROXY_API_KEY")]).toEqual([0, true])
  })

  test("refuses arguments it does not know", async () => {
    const err = 'llm-proxy: unknown argument "--prot"; try --help\n'
    expect(await start(await folderOf({}), {}, ["--prot", "1"]).ended).toEqual({ code: 2, out: "", err })
  })

  test("without a key, made on a loopback address, writes one for the run that opens the proxy", async () => {
    const env = "LLM_PROXY_CONFIG=sub/config.yaml\nLOG_FILE=a.log\n"
    const cwd = await folderOf({ "sub/config.yaml": DEMO, ".env": env })
    const { child, until, output, ended } = start(cwd)
    await until("listening")
    const path = join(cwd, "sub", ".llm-proxy", "key")
    const key = (await readFile(path, "utf8")).trim()
    const url = /on (http:\S+)/.exec(output.out)?.[1]
    const ask = (given: string) => fetch(`${url}/v1/models`, { headers: { "x-api-key": given } })
    expect([(await ask(key)).status, (await ask("k")).status]).toEqual([200, 401])
    expect([(await lstat(path)).mode & 0o777, (await lstat(join(path, ".."))).mode & 0o777]).toEqual([0o600, 0o700])
    child.kill("SIGTERM")
    const { code, out, err } = await ended
    expect(code).toBe(0)
    expect(err).toContain("it is in sub/.llm-proxy/key:\n")
    expect(`${out}${err}${await readFile(join(cwd, "a.log"), "utf8")}`).not.toContain(key)
  })

  test("adds to its log file and ends when asked to", async () => {
    const cwd = await folderOf({ "config.yaml": DEMO, "a.log": "before\n" })
    const { child, until, ended } = start(cwd, { ...KEY, LOG_FILE: "a.log" })
    await until("listening")
    child.kill("SIGINT")
    const { code, err } = await ended
    const log = await readFile(join(cwd, "a.log"), "utf8")
    expect([code, log]).toEqual([0, `before\n${err}`])
    expect(log.replaceAll(/\S+Z |http:\S+/g, "").split("\n")).toEqual([
      "before",
      "info  listening url=",
      "info  asked to stop signal=SIGINT",
      "info  stopping: no new requests running=0",
      "info  stopped",
      "",
    ])
  })

  test("goes on when nobody reads what it prints", async () => {
    const { child, until, ended } = start(await folderOf({ "config.yaml": DEMO }), { ...KEY })
    child.stdout?.destroy()
    await until("listening")
    child.kill("SIGTERM")
    expect((await ended).code).toBe(0)
  })
})
