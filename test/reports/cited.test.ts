/** Which reports about other proxies are tests here, and which are nothing a translation can do anything about. */
import { globSync, readFileSync } from "node:fs"
import { describe, expect, test } from "vitest"

/** By subject. A repository is told once for the numbers and commits behind it. */
const REPORTS: Readonly<Record<string, string>> = {
  streaming:
    "litellm#34433 #29518 #30043 #32357 #29600 #29533 #30115 #27442, posthog#72287, ollama#17225 #14825, " +
    "CLIProxyAPI#4581 94cf4674d f04605d84 690f93dc1 872070259 80eb03709 e4a93c02c, CCR 79f48c00, envoy#2470 #2549",
  "tool calls":
    "litellm#25321 #15307 #5231 #4554 #34718 #34692, claude-code-proxy#86, litellm#16711 #17632, " +
    "CLIProxyAPI c1caa454b 37609fa17 297139cc8 303685c23 8bc2eff58, ollama#15105 ac83ac20c, " +
    "vscode-copilot-release#8040, copilot-api 7776a8f 075ed78, bifrost#1354 #3511",
  thinking:
    "CLIProxyAPI#1584 #2172, ccs#415, UncommonRoute#19 #20, Antigravity-Manager#608, llxprt-code#2335, bifrost#6342, " +
    "CLIProxyAPI#994, Antigravity-Manager#139 #3342, litellm#34589, agentgateway#2692 #2695 #2504, " +
    "claude-code#21595, deepclaude#19, CLIProxyAPI 8638f28db, 9router#355, cc-switch#2331, Roo#12195, " +
    "free-claude-code#223, awesome-deepseek-agent#63, bifrost#5887, claude-code#65863, claude-code-hub#1257, pi#5605",
  usage:
    "grok2api#748, codex-proxy#587, commandcode-proxy#25, new-api#6821, CCR 00f5d6e4, litellm#24176, envoy#2350, " +
    "ollama#13934, envoy#2236 #2239 #2292 #1631, agentgateway#2977, litellm#13252, 9router#2337, copilot-api#210, " +
    "claude-code#32636, ollama f622b0c5f, CLIProxyAPI d606faa99 41ae2c81e, cline#261",
  errors:
    "CCR#1799, Floway#166, harbor#1619, cc-switch#2817, envoy#2698, agent-os#2137, Marinara#2659, imp#1553, " +
    "CLIProxyAPI 522b4de54, hermes-agent#64554, teamclaude#215, envoy#2161, agentgateway#1878, ollama#14828, " +
    "CCR#419 #583",
  images:
    "claude-code-proxy#59, copilot-api#96, command-code#902, ollama#16047, CCR#882 #1409, OmniRoute#1387, " +
    "CLIProxyAPI 44d5e0beb, ollama#14127",
  schemas:
    "forgecode#2974, jcode#543, firecrawl-mcp#196, git-mcp#47, CCR#272, jcode#446, CLIProxyAPI#4428, envoy#2472",
  parameters:
    "copilot-api#222 #258, claude-code-proxy#35, 9router#560, cc-switch#1448 #1672, vllm#44000, ollama#16372, " +
    "free-claude-code#626, mlx-vlm#1264, lmstudio-bug-tracker#1399, claude-code#63469, envoy#2189, " +
    "agentgateway#2106, CLIProxyAPI 4ac37ed3c, opencode#4698, litellm#38790 #15960, bifrost#6132, " +
    "envoy#2488 #2358 #2478, claude-code#21767, envoy#2512 #2148, agentgateway#2107 #1790, bifrost#2446",
  "web search": "antigravity-claude-proxy#27, CLIProxyAPI#364 #883, copilot-api#185 #273, agent-maestro#168",
  connections:
    "envoy#1927, CLIProxyAPI fa6bc77f2, litellm#36024, agent-maestro#227, sub2api#770, tale#3396, clodex#170 #183, " +
    "better-ccflare#348 #360, ClawRouter#279, opencodex#4561, litellm#13373, bifrost#6143",
}

/** Why the others are not: what they have in common. */
const APART: Readonly<Record<string, string>> = {
  "of an API that no wire here speaks: Bedrock's own, and Gemini's own": "agentgateway#2747, envoy#1508",
  "Anthropic's API refuses the same: a budget below 1024 tokens, or not below max_tokens":
    "bifrost#1479, agentgateway#2856",
  "of a window that only the backend's own settings change: docs/2.backends.md":
    "CCR#790, TradingAgents#168, tinycode#210, ollama#16618, batpred#5000, omlx#312",
  "tool calls written as text are text: what a model only talks about must not be run":
    "hermes#83023, pi#3516, holmesgpt#2349, picoclaw#2104",
  "waiting before another try: there is none": "CCR 54671900",
  "memory and latency under load: test/bench": "litellm#12685 #6404 #38689",
  "pages that show requests, and files of them: there are none": "CCR 561c2d81 cfb6aae2, routatic#95 #97",
  "how plugins are called, and configs edited": "CCR#1146 #1153, opencode#10646, CLIProxyAPI#5010, bifrost#6434",
  "which path and which model a name leads to, and which are listed: test/http/endpoints.test.ts":
    "CCR#893 #900, CLIProxyAPI#171 #411, routatic#44 #120, cc-switch-cli#277, neurolink#1196, " +
    "litellm#30273 #35455, claude-code-proxy#60, agentgateway#2235, llmgateway#3310, claude-code#20416",
}

const cited = new Set(
  globSync("**/*.{test.ts,md}", { cwd: new URL("../", import.meta.url) })
    .filter((file) => !file.endsWith("cited.test.ts"))
    .flatMap((file) => reportsIn(readFileSync(new URL(`../${file}`, import.meta.url), "utf8"))),
)

describe("every report that concerns translation is cited by a test", () => {
  test.each(Object.entries(REPORTS))("about %s", (_subject, list) => {
    expect(reportsIn(list).filter((report) => !cited.has(report))).toEqual([])
  })

  test("or set apart, and not both", () => {
    const apart = Object.values(APART).flatMap(reportsIn)
    expect(apart.filter((report) => Object.values(REPORTS).flatMap(reportsIn).includes(report))).toEqual([])
  })
})

/** `repository#number` of every report a text names, the repository in its short form, and commits by their hash. */
function reportsIn(text: string): string[] {
  let repository = ""
  const named = text.matchAll(/([\w.-]*)#(\d{2,6})\b|\b(?=[a-f]*\d)([0-9a-f]{7,9})\b/g)
  return [...named].map(([, name, number, commit = ""]) => {
    if (number === undefined) return commit
    repository = name || repository
    return `${repository}#${number}`
  })
}
