/** Plugins in front of a backend that is given requests as they came. */
import { expect, test, vi } from "vitest"
import log from "../../plugins/log.ts"
import rewrite from "../../plugins/rewrite.ts"
import { validateOptions, type Plugin } from "../../src/plugin/plugin.ts"
import { raw, startBackend } from "../_backend.ts"
import { hello } from "../http/_messages.ts"
import { startProxy } from "../_proxy.ts"

const tools =
  '"tools": [ {"name":"f","input_schema":{"type":"object",' +
  '"properties":{"a":{"maximum":1.0,"multipleOf":12345678901234567890}}}} ]'
const history =
  '"messages": [ {"role":"user","content":"a"}, ' +
  '{"role":"assistant","content":[ {"type":"tool_use","id":"t","name":"f","input":{"a":1.0}} ]},' +
  '{"role":"user","content":[{"type":"tool_result","tool_use_id":"t"}]} ]'

function body(model: string, system: string): string {
  return `{"model":"${model}","stream":true,"max_tokens":5,"system": [ ${system} ], ${tools}, ${history}}`
}

test("see the request and the events, and what they leave alone keeps its bytes", async () => {
  const use = async (plugin: Plugin, given: unknown) => {
    const checked = await validateOptions(plugin, given)
    if ("issues" in checked) throw new Error("the options are wrong")
    return { plugin, options: checked.options }
  }
  const backend = await startBackend(raw(hello))
  const proxy = await startProxy(
    {
      models: { b: { backend: "b", model: "m" } },
      backends: { b: { base_url: backend.url, api: "anthropic" } },
    },
    {
      plugins: [
        await use(log as Plugin, {}),
        await use(rewrite as Plugin, { rules: [{ system: { suffix: "Be brief." } }] }),
      ],
      level: "info",
    },
  )
  const own = '{"type":"text","text":"Own.","n":1.0}'
  try {
    await (await proxy.ask("/v1/messages", { body: body("b", own) })).text()
    await vi.waitFor(() => expect(proxy.lines.join()).toContain("answered"))
  } finally {
    await proxy.close()
    await backend.close()
  }
  expect(backend.asked[0]?.text).toBe(body("m", `${own} ,{"type":"text","text":"Be brief."}`).replace(" ], ", "], "))
  expect(proxy.lines.filter((line) => line.includes("answered"))).toEqual([
    expect.stringMatching(/model=b backend=b as=m status=200 stop=end_turn input=12 cached=3 output=9 /),
  ])
})
