/** The files of docs/deploy, held to the program: paths, ports, variables, times, configs, users. Nothing is built. */
import { existsSync } from "node:fs"
import { rename, symlink } from "node:fs/promises"
import { join } from "node:path"
import { describe, expect, test } from "vitest"
import { parseAllDocuments, parse } from "yaml"
import { resolveConfig } from "../src/config/config.ts"
import { parseConfig } from "../src/node/config-file.ts"
import { COMMANDS } from "../src/node/command-table.ts"
import { createProxy } from "../src/proxy.ts"
import { codeOf, read, root } from "./_docs.ts"
import { DEMO, folderOf, openAll, start } from "./node/_start.ts"

const KEY = "sk-proxy-deployed"
const { version, bin } = JSON.parse(read("package.json")) as { version: string; bin: { "llm-proxy": string } }
const IMAGE = `llm-proxy:${version}`
const DEFAULT = resolveConfig({ models: {}, backends: {} }).server

const dockerfile = read("docs/deploy/Dockerfile")
const compose = parse(read("docs/deploy/compose.yaml"))
const kubernetes = parseAllDocuments(read("docs/deploy/kubernetes.yaml")).map((document) => document.toJS())
const unit = read("docs/deploy/llm-proxy.service")
const haproxy = read("docs/deploy/haproxy.cfg")

/** The last stage's instructions of one kind. */
const image = (instruction: string): string[] => {
  const [, last = ""] = dockerfile.split(/^FROM .* AS build$[^]*^(?=FROM )/m)
  return [...last.replaceAll("\\\n", "").matchAll(new RegExp(`^${instruction} +(.*)$`, "gm"))].map(([, rest = ""]) => rest)
}
const kind = (name: string) => kubernetes.find((document) => document.kind === name)
const pod = kind("Deployment").spec.template.spec
const [container] = pod.containers
const seconds = (text: string): number => Number(/^(\d+)s$/.exec(text)?.[1])
const directive = (name: string): string | undefined => new RegExp(`^${name}=(.*)$`, "m").exec(unit)?.[1]
const environment = { REDIS_URL: "redis://redis:6379", OPENAI_API_KEY: "k" }

/** What `server` says in a config that the program has taken. */
function serverOf(text: string, env: Readonly<Record<string, string>> = environment) {
  const { config, missing } = parseConfig(text, "config.yaml", env)
  return resolveConfig(config, missing).server
}

async function statusOf(path: string): Promise<number> {
  const { app } = await createProxy(parseConfig(DEMO, "config.yaml", {}).config)
  return (await app.request(path)).status
}

/** Longer than a drain and its last words. */
const enough = (drain: number): number => drain + 3

describe("Dockerfile", () => {
  test("what it copies is in the clone, and not ignored", () => {
    const copied = [...dockerfile.matchAll(/^COPY (?!--from)(.*) \S+$/gm)].flatMap(([, sources = ""]) => sources.split(" "))
    const allowed = [...read("docs/deploy/Dockerfile.dockerignore").matchAll(/^!(.*)$/gm)].map(([, name]) => name)
    expect(copied.toSorted()).toEqual(allowed.toSorted())
    expect(copied.filter((name) => !existsSync(join(root, name)))).toEqual([])
  })

  test("it starts what package.json calls llm-proxy, without a shell, as a user that is not root", () => {
    expect(image("ENTRYPOINT").map((words) => JSON.parse(words))).toEqual([["node", join("/app", bin["llm-proxy"])]])
    expect(image("USER")).toEqual(["1000:1000"])
    expect(image("COPY")).toContain("--from=build /app/dist /app/dist")
  })

  test("storage on Redis needs nothing else: ioredis is no package that goes with those for development", () => {
    const { packages } = JSON.parse(read("package-lock.json")) as { packages: Record<string, { dev?: boolean }> }
    expect(dockerfile).toContain("npm prune --omit=dev ")
    expect([packages["node_modules/ioredis"]?.dev, packages["node_modules/vitest"]?.dev]).toEqual([undefined, true])
  })

  test("both stages are on the Node that the tests run on", () => {
    const bases = [...dockerfile.matchAll(/^FROM (\S+)/gm)].map(([, base]) => base)
    expect(bases).toEqual(Array(2).fill(`node:${process.versions.node.split(".")[0]}-slim`))
  })

  test("its port is the program's own, and its health check asks for an endpoint there", async () => {
    expect(image("ENV")).toEqual([`NODE_ENV=production HOST=0.0.0.0 PORT=${DEFAULT.port}`])
    expect(image("EXPOSE")).toEqual([String(DEFAULT.port)])
    const [check = ""] = image("HEALTHCHECK")
    const words = JSON.parse(check.slice(check.indexOf("["))) as string[]
    const [, path = ""] = /\$\{process\.env\.PORT\}(\/[\w/]+)`/.exec(words.at(-1) ?? "") ?? []
    expect([words.slice(0, 2), path, await statusOf(path)]).toEqual([["node", "-e"], "/health", 200])
  })

  test("without a key its address is refused", async () => {
    const folder = await folderOf({ "config.yaml": DEMO })
    const variables = { HOST: "0.0.0.0", PORT: "0" }
    expect(await openAll([folder], variables)).toEqual([expect.stringContaining("so a key is needed: set PROXY_API_KEY")])
    expect(await openAll([folder], { ...variables, PROXY_API_KEY: KEY })).toEqual(["ready"])
  })
})

describe("compose.yaml", () => {
  const { proxy, haproxy: front, redis } = compose.services

  test("the image is the Dockerfile's, of this version", () => {
    expect(proxy.image).toBe(IMAGE)
    expect(existsSync(join(root, "docs/deploy", proxy.build.context, proxy.build.dockerfile))).toBe(true)
  })

  test("files it mounts are there", () => {
    const mounted = [...proxy.volumes, ...front.volumes].map((volume: string) => volume.split(":")[0] ?? "")
    expect(mounted.filter((path) => !existsSync(join(root, "docs/deploy", path)))).toEqual([])
  })

  test("its config is taken by the program", async () => {
    const folder = await folderOf({ "config.yaml": read("docs/deploy/config/config.yaml").replace(/^storage:\n(?: .*\n)+/m, "") })
    expect(await openAll([folder], { PROXY_API_KEY: KEY, OPENAI_API_KEY: "k" })).toEqual(["ready"])
    const { config } = parseConfig(read("docs/deploy/config/config.yaml"), "config.yaml", { ...proxy.environment })
    expect(config.storage).toEqual({ default: { driver: "redis", url: "redis://redis:6379" } })
  })

  test("answers have the time that the config gives them, in the proxies and before them", () => {
    const { drain } = serverOf(read("docs/deploy/config/config.yaml"))
    expect(seconds(proxy.stop_grace_period)).toBeGreaterThan(enough(drain))
    expect(seconds(/hard-stop-after (\S+)/.exec(haproxy)?.[1] ?? "")).toBeGreaterThan(enough(drain))
    expect(seconds(front.stop_grace_period)).toBeGreaterThan(seconds(/hard-stop-after (\S+)/.exec(haproxy)?.[1] ?? ""))
  })

  test("what is in front leads to the port that the proxies listen on, and bears their silence", () => {
    const { timeout } = resolveConfig({ models: {}, backends: { b: { base_url: "http://b.test/v1" } } }).backends.get("b") ?? {}
    expect(proxy.environment).toEqual({ HOST: "0.0.0.0", PORT: String(DEFAULT.port), REDIS_URL: "redis://redis:6379" })
    expect(haproxy).toContain(` proxy:${DEFAULT.port} check `)
    expect(front.ports).toEqual([`127.0.0.1:${DEFAULT.port}:${/^  bind :(\d+)$/m.exec(haproxy)?.[1]}`])
    for (const side of ["client", "server"]) {
      const silence = seconds(new RegExp(`^  timeout ${side} (\\S+)$`, "m").exec(haproxy)?.[1] ?? "")
      expect(silence).toBeGreaterThan(Math.max(timeout?.first_byte ?? 0, timeout?.idle ?? 0))
    }
  })

  test("only the proxies reach Redis, and nobody outside", () => {
    const reach = Object.entries<{ networks: string[] }>(compose.services).filter(([, { networks }]) => networks.includes("back"))
    expect([reach.map(([name]) => name), compose.networks.back, redis.ports]).toEqual([["proxy", "redis"], { internal: true }, undefined])
  })
})

describe("kubernetes.yaml", () => {
  const text: string = kind("ConfigMap").data["config.yaml"]

  test("its config is taken by the program", async () => {
    const folder = await folderOf({ "config.yaml": text.replace(/^storage:\n(?: .*\n)+/m, "") })
    expect(await openAll([folder], { PROXY_API_KEY: KEY, OPENAI_API_KEY: "k" })).toEqual(["ready"])
    expect(parseConfig(text, "config.yaml", {}).config.storage).toEqual({ default: { driver: "redis", url: "redis://redis:6379" } })
  })

  test("an edit of the ConfigMap is seen, as Kubernetes makes it: by moving the link that leads to all files", async () => {
    const folder = await folderOf({ "..first/config.yaml": DEMO, "..second/config.yaml": DEMO.replace("demo:", "other:") })
    await symlink("..first", join(folder, "..data"))
    await symlink("..data/config.yaml", join(folder, "config.yaml"))
    const { until, output, child, ended } = start(folder, { PROXY_API_KEY: KEY })
    await until("listening url=")
    await symlink("..second", join(folder, "..data_tmp"))
    await rename(join(folder, "..data_tmp"), join(folder, "..data"))
    await until("reloaded generation=2")
    const [, url = ""] = /listening url=(\S+)/.exec(output.err) ?? []
    const { data } = await (await fetch(`${url}/v1/models`, { headers: { "x-api-key": KEY } })).json()
    expect(data.map(({ id }: { id: string }) => id)).toEqual(["other"])
    child.kill("SIGTERM")
    await ended
  })

  test("a pod has time for the answers that run", () => {
    const leaving: number = container.lifecycle.preStop.sleep.seconds
    expect(pod.terminationGracePeriodSeconds).toBeGreaterThan(leaving + enough(serverOf(text).drain))
  })

  test("probes ask for endpoints of the program, at its port, under a name that it always answers to", async () => {
    const { startupProbe, readinessProbe, livenessProbe } = container
    const probes = [startupProbe, readinessProbe, livenessProbe].map(({ httpGet }) => httpGet)
    const [name] = container.ports
    const host = container.env.find(({ name }: { name: string }) => name === "HOST")
    expect(probes.map(({ path }) => path)).toEqual(["/health/ready", "/health", "/health"])
    expect(await Promise.all(probes.map(({ path }) => statusOf(path)))).toEqual([200, 200, 200])
    expect(probes.map(({ port }) => port)).toEqual([name.name, name.name, name.name])
    expect(probes.map(({ httpHeaders }) => httpHeaders)).toEqual(probes.map(() => [{ name: "Host", value: "localhost" }]))
    expect([name.containerPort, host.value]).toEqual([DEFAULT.port, "0.0.0.0"])
    expect(kind("Service").spec.ports[0].targetPort).toBe(name.name)
  })

  test("Deployment, Service and PodDisruptionBudget mean the same pods", () => {
    const { labels } = kind("Deployment").spec.template.metadata
    const meant = [kind("Deployment").spec.selector.matchLabels, kind("Service").spec.selector, kind("PodDisruptionBudget").spec.selector.matchLabels]
    expect(meant).toEqual([labels, labels, labels])
  })

  test("the pod is not root, writes nowhere, and has no rights to spare", () => {
    expect([container.image, pod.securityContext.runAsNonRoot]).toEqual([IMAGE, true])
    expect(container.securityContext).toEqual({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ["ALL"] },
    })
  })

  test("the config is mounted as a folder, whose edits are seen, where the image looks for it", () => {
    expect(container.volumeMounts).toEqual([{ name: "config", mountPath: image("WORKDIR")[0], readOnly: true }])
    expect(pod.volumes).toEqual([{ name: "config", configMap: { name: kind("ConfigMap").metadata.name } }])
  })
})

describe("llm-proxy.service", () => {
  test("its command is the package's, with options that it has", async () => {
    const [program = "", ...options] = directive("ExecStart")?.split(" ") ?? []
    const { start } = COMMANDS
    const { args } = (await start?.load()) ?? { args: {} }
    const known = new Set(Object.keys(args).flatMap((name) => [`--${name}`, `--no-${name}`]))
    expect(Object.keys(JSON.parse(read("package.json")).bin)).toEqual([program.split("/").at(-1)])
    expect(options.filter((word) => word.startsWith("--") && !known.has(word))).toEqual([])
  })

  test("the first process is asked to stop, and has more time than answers have", () => {
    expect([directive("KillMode"), directive("ExecReload")]).toEqual(["mixed", "/bin/kill -HUP $MAINPID"])
    expect(Number(directive("TimeoutStopSec"))).toBeGreaterThan(enough(DEFAULT.drain))
  })

  test("connections of clients and to backends have a file each", () => {
    expect(Number(directive("LimitNOFILE"))).toBeGreaterThan(DEFAULT.max_connections * 2)
  })
})

test("the page names the version and the files that are there", () => {
  const page = read("docs/1.guide/6.deploy.md")
  const named = [...page.matchAll(/llm-proxy[:-](\d+\.\d+\.\d+)/g)].map(([, told]) => told)
  expect(new Set(named)).toEqual(new Set([version]))
  const commands = ["docker build", "docker compose", "kubectl apply", "systemctl daemon-reload"].map((part) => codeOf("docs/1.guide/6.deploy.md", "sh", part))
  const files = commands.flatMap((code) => [...code.matchAll(/docs\/deploy\/[\w.-]*\w/g)].map(([path]) => path))
  expect(files.filter((path) => !existsSync(join(root, path)) && path !== "docs/deploy/.env")).toEqual([])
  expect(files.length).toBeGreaterThan(5)
})
