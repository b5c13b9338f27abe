import { writeFileSync, mkdirSync } from "node:fs"
import { writeFile } from "node:fs/promises"
import { join } from "node:path"
import { test } from "vitest"
import { createScene, type Scene } from "./_scene.ts"
import { says, calls, thinks, begins } from "./_scripts.ts"
import { conversation, toolsOf, bodyOf } from "./_conversation.ts"
import { error, json, chunks, raw } from "../_backend.ts"
const dump = (name: string, scene: Scene, ran: any) => writeFileSync(`/tmp/ccx/${name}.txt`, [
  JSON.stringify({ code: ran.code, said: ran.said, failed: ran.failed, turns: ran.turns, requests: scene.asked(), n: scene.backend.asked.length }),
  ...scene.backend.asked.map((a) => { const b: any = { ...bodyOf(a) }; return `--- ${a.path} model=${b.model} max=${b.max_tokens ?? b.max_completion_tokens} effort=${b.reasoning_effort} stream=${b.stream} tools=${toolsOf(a)}\n` + conversation(a).map(l => l.slice(0, 700)).join("\n") }),
  "=== lines", ...ran.lines.map((l: any) => JSON.stringify(l).slice(0, 500))].join("\n"))
test("two", async () => {
  const scene = await createScene([])
  const path = join(scene.claude.folder, "notes.txt")
  await writeFile(path, "the word is walrus\n")
  scene.backend.play(calls({ id: "call_1", name: "Read", input: { file_path: path } }), calls({ id: "call_2", name: "Bash", input: { command: "wc -w notes.txt", description: "count" } }), says("Four words."))
  dump("two", scene, await scene.claude.run("count the words"))
})
test("parallel", async () => {
  const scene = await createScene([])
  for (const n of ["a", "b"]) await writeFile(join(scene.claude.folder, n), n + n)
  scene.backend.play(calls(...["a", "b"].map((n) => ({ id: "call_" + n, name: "Read", input: { file_path: join(scene.claude.folder, n) } }))), says("done"))
  dump("parallel", scene, await scene.claude.run("read both"))
})
const PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
test("image", async () => {
  const scene = await createScene([])
  await writeFile(join(scene.claude.folder, "dot.png"), Buffer.from(PNG, "base64"))
  await writeFile(join(scene.claude.folder, "doc.pdf"), "%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj 2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj 3 0 obj<</Type/Page/MediaBox[0 0 3 3]/Parent 2 0 R>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n")
  scene.backend.play(calls({ id: "call_1", name: "Read", input: { file_path: join(scene.claude.folder, "dot.png") } }), calls({ id: "call_2", name: "Read", input: { file_path: join(scene.claude.folder, "doc.pdf") } }), says("done"))
  dump("image", scene, await scene.claude.run("look"))
})
test("agent", async () => {
  const scene = await createScene([calls({ id: "call_1", name: "Agent", input: { description: "count", prompt: "count to three", subagent_type: "general-purpose", run_in_background: false } }), says("one two three"), says("The agent counted."), says("extra")])
  let ran: any = { lines: [] }
  await Promise.race([scene.claude.run("let an agent count").then((r) => { ran = r }), new Promise((r) => setTimeout(r, 12000))])
  const agent: any = (scene.backend.asked[0]!.body as any).tools.find((t: any) => t.function.name === "Agent")
  writeFileSync("/tmp/ccx/agent-tool.json", JSON.stringify(agent.function, null, 1))
  dump("agent", scene, ran)
}, 20000)
test("search", async () => {
  const scene = await createScene([calls({ id: "call_1", name: "ToolSearch", input: { query: "select:WebSearch", max_results: 5 } }), calls({ id: "call_2", name: "WebSearch", input: { query: "walrus news" } }), says("Walruses are fine."), says("All is well.")])
  dump("search", scene, await scene.claude.run("search the web"))
})
test("429", async () => {
  const scene = await createScene([error(429, "Rate limit reached", { "retry-after": "1" }), says("Hi!")])
  dump("429", scene, await scene.claude.run("say hi"))
})
test("401", async () => {
  const scene = await createScene([json(401, { error: { message: "Incorrect API key provided: sk-x", type: "invalid_request_error", code: "invalid_api_key" } })])
  dump("401", scene, await scene.claude.run("say hi"))
})
test("400", async () => {
  const scene = await createScene(Array.from({ length: 10 }, () => error(400, "Something about this cannot be")))
  dump("400", scene, await scene.claude.run("say hi"))
})
test("max", async () => {
  const scene = await createScene([json(400, { error: { message: "max_tokens is too large: 128000. This model supports at most 16384 completion tokens, whereas you provided 128000.", type: "invalid_request_error", param: "max_tokens", code: "invalid_value" } }), says("Hi!"), says("again")])
  dump("max", scene, await scene.claude.run("say hi"))
})
test("thinking", async () => {
  const scene = await createScene([], { backend: "profile: deepseek" })
  const path = join(scene.claude.folder, "notes.txt")
  await writeFile(path, "the word is walrus\n")
  scene.backend.play(thinks("I must read it.", [{ id: "call_1", name: "Read", input: { file_path: path } }]), thinks("Now I know.", "Walrus."))
  dump("thinking", scene, await scene.claude.run("what is the word"))
})
test("cut", async () => {
  const scene = await createScene([{ answer(r) { r.writeHead(200, { "content-type": "text/event-stream" }); for (const c of begins("Hello there, this is")) r.write(`data: ${JSON.stringify(c)}\n\n`); setTimeout(() => r.destroy(), 300) } }, says("Hello!"), says("more")])
  dump("cut", scene, await scene.claude.run("say hi"))
})
test("overflow", async () => {
  const scene = await createScene([says("One."), says("Two.")])
  const a = await scene.claude.run("first question")
  const b = await scene.claude.run("-c", "second question")
  scene.backend.play(json(400, { error: { message: "This model's maximum context length is 128000 tokens. However, your messages resulted in 130512 tokens. Please reduce the length of the messages.", type: "invalid_request_error", param: "messages", code: "context_length_exceeded" } }), says("<analysis>a</analysis>\n<summary>We counted.</summary>"), says("Three."), says("four"))
  const c = await scene.claude.run("-c", "third question")
  dump("overflow", scene, c)
})
