import { chmod, mkdir } from "node:fs/promises"
import { join } from "node:path"
import { expect, test } from "vitest"
import { readEnvironment, readVariables } from "../../src/node/environment.ts"
import { StartError } from "../../src/node/start-error.ts"
import { folderOf } from "./_start.ts"

test("the process's variables win over .env of the working folder, and that over .env beside the config", async () => {
  const cwd = await folderOf({
    ".env": "A=here\nB=here\nEMPTY=here\n",
    "sub/.env": "A=beside\nB=beside\nC=beside\nEMPTY=beside\n",
  })
  const own = { A: "own", EMPTY: "" }
  expect(await readEnvironment(own, cwd, "sub/config.yaml")).toEqual({
    env: { A: "own", B: "here", C: "beside", EMPTY: "" },
    config: "sub/config.yaml",
  })
  expect(own).toEqual({ A: "own", EMPTY: "" })
})

test("the config's path comes from LLM_PROXY_CONFIG, also out of .env", async () => {
  const cwd = await folderOf({ ".env": "\uFEFFLLM_PROXY_CONFIG=sub/proxy.yaml\n", "sub/.env": "A=1\n" })
  expect(await readEnvironment({}, cwd)).toEqual({
    env: { LLM_PROXY_CONFIG: "sub/proxy.yaml", A: "1" },
    config: "sub/proxy.yaml",
  })
})

test("without files there is what the process has, and config.yaml", async () => {
  expect(await readEnvironment({ A: "1" }, await folderOf({}))).toEqual({ env: { A: "1" }, config: "config.yaml" })
})

test("a folder named .env is a Python environment and no matter", async () => {
  const cwd = await folderOf({})
  await mkdir(join(cwd, ".env"))
  expect(await readEnvironment({}, cwd)).toEqual({ env: {}, config: "config.yaml" })
})

test.skipIf(process.getuid?.() === 0)("a .env that cannot be read is a line", async () => {
  const cwd = await folderOf({ ".env": "A=1" })
  await chmod(join(cwd, ".env"), 0)
  await expect(readEnvironment({}, cwd)).rejects.toThrow(`${join(cwd, ".env")}: permission denied`)
})

const NOTHING = { key: undefined, secret: undefined, level: "info", logFile: undefined, noColour: false, host: undefined, port: undefined }

test.each([
  [{}, NOTHING],
  [{ PROXY_API_KEY: "", LOG_LEVEL: "", LOG_FILE: "", HOST: "", PORT: "" }, NOTHING],
  [{ PROXY_API_KEY: "k-1" }, { ...NOTHING, key: "k-1" }],
  [{ LLM_PROXY_SECRET: "sixteen letters." }, { ...NOTHING, secret: "sixteen letters." }],
  [{ LLM_PROXY_SECRET: "" }, NOTHING],
  [{ LOG_LEVEL: "DEBUG" }, { ...NOTHING, level: "debug" }],
  [{ LOG_LEVEL: "WARNING" }, { ...NOTHING, level: "warn" }],
  [{ LOG_LEVEL: "Critical" }, { ...NOTHING, level: "error" }],
  [{ NO_COLOR: "1" }, { ...NOTHING, noColour: true }],
  [{ NO_COLOR: "" }, NOTHING],
  [{ LOG_FILE: "a.log", HOST: "::1", PORT: "0" }, { ...NOTHING, logFile: "a.log", host: "::1", port: 0 }],
])("%j is understood", (env, wanted) => {
  expect(readVariables(env)).toEqual(wanted)
})

const LEVELS = "trace, debug, info, warn, error, silent"

test.each([
  [{ LOG_LEVEL: "loud" }, `LOG_LEVEL: must be one of ${LEVELS}, not "loud"`],
  [{ LOG_LEVEL: "constructor" }, `LOG_LEVEL: must be one of ${LEVELS}, not "constructor"`],
  [{ PORT: "abc" }, 'PORT: must be a number between 0 and 65535, not "abc"'],
  [{ PORT: "65536" }, 'PORT: must be a number between 0 and 65535, not "65536"'],
  [{ PORT: "80.5" }, 'PORT: must be a number between 0 and 65535, not "80.5"'],
  [{ PROXY_API_KEY: "a,b" }, "PROXY_API_KEY: must be printable ASCII without blanks and commas"],
  [{ PROXY_API_KEY: "a b" }, "PROXY_API_KEY: must be printable ASCII without blanks and commas"],
  [{ LLM_PROXY_SECRET: "fifteen letters" }, "LLM_PROXY_SECRET: must be text of 16 characters or more"],
  [{ PROXY_API_KEY: "a\n" }, "PROXY_API_KEY: must be printable ASCII without blanks and commas"],
])("%j is a line", (env, wanted) => {
  expect(() => readVariables(env)).toThrow(new StartError(wanted))
})
