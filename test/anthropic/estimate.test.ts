import { describe, expect, it, test } from "vitest"
import { estimateTokens } from "../../src/anthropic/estimate.ts"

const PROSE =
  "The proxy listens on loopback unless it is told otherwise, and there is no use of it without a key. Whoever runs it " +
  "for others puts something in front that speaks TLS; what happens then isn't the proxy's affair, though it says so in " +
  "its log. When a backend doesn't answer within ten minutes, the client is told, and the connection is let go."
const CODE = `export function around<P extends Place>(stages: readonly Stage<P>[], core: Core<P>): Core<P> {
  return stages.reduceRight((next, stage) => (context) => stage.run(context, next), core)
}

/** Whether the client has left. */
const gone = (signal: AbortSignal): boolean => {
    if (!signal.aborted) return false
    for (const [index, listener] of listeners.entries()) {
        console.log(\`listener \${index} of MAX_LISTENERS=\${MAX_LISTENERS}\`, listener?.name ?? "none");
    }
    return true;
}
`
const SCHEMA = JSON.stringify({
  type: "function",
  function: {
    name: "Grep",
    description: "Searches file contents with a regular expression. Prefer this over running grep in a shell.",
    parameters: {
      type: "object",
      properties: {
        pattern: { type: "string", description: "The regular expression to search for" },
        path: { type: "string", description: "Directory to search in. Defaults to the current working directory." },
        output_mode: { type: "string", enum: ["content", "files_with_matches", "count"] },
        head_limit: { type: "number", minimum: 0 },
      },
      required: ["pattern"],
      additionalProperties: false,
    },
  },
})
const LOG = `2026-11-23T15:10:01.733Z info  upstream request=req_5f2c9e81 backend=gpu status=200 ms=1183
2026-11-23T15:10:04.902Z warn  refused by gpu: reasoning_effort is left out from now on model=qwen3-32b
2026-11-23T15:10:05.118Z debug over request=req_77aa01bc ms=16 broke="client closed (ECONNRESET)"
`
const NUMBERS =
  "id,price,day\n1,37.31,2026-11-10\n2,74.62,2026-11-11\n3,111.93,2026-11-12\n4,149.24,2026-11-13\n" +
  "5,186.55,2026-11-14\n6,223.86,2026-11-15\n7,261.17,2026-11-16\n8,298.48,2026-11-17\n"
const HASHES =
  "3b7c1f0e-9a52-4d1f-8f6a-0c2e6b7d9a11\n5f0e2c84-17bd-4b9e-9d34-e8a1c6f20b57\n" +
  "d41d8cd98f00b204e9800998ecf8427e\ne3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\n"
const CHINESE =
  "代理默认只监听本机地址,没有密钥就无法使用。它把请求翻译成后端能够理解的格式,再把回答逐字翻译回来。" +
  "如果后端在十分钟之内没有回答,客户端会收到通知,连接也会被关闭。"
const JAPANESE =
  "このプロキシは、特に指定がなければループバックだけで待ち受けます。キーがなければ使えません。" +
  "バックエンドが十分以内に応答しないときは、クライアントに知らせて接続を閉じます。"
const KOREAN =
  "이 프록시는 따로 설정하지 않으면 루프백에서만 요청을 받습니다. 키가 없으면 사용할 수 없습니다. " +
  "백엔드가 십 분 안에 응답하지 않으면 클라이언트에 알리고 연결을 닫습니다."
const RUSSIAN =
  "Если не указано иное, прокси слушает только локальный адрес, и без ключа им пользоваться нельзя. " +
  "Если сервер не отвечает в течение десяти минут, клиент узнаёт об этом, а соединение закрывается."

describe("an estimate lies within 15 % of what o200k_base gives", () => {
  // Counted with gpt-tokenizer 4.0.0.
  test.each([
    ["prose", PROSE, 74],
    ["code", CODE, 125],
    ["a tool's schema", SCHEMA, 118],
    ["log lines", LOG, 114],
    ["numbers", NUMBERS, 110],
    ["hashes", HASHES, 121],
    ["Chinese", CHINESE, 58],
    ["Japanese", JAPANESE, 62],
    ["Korean", KOREAN, 55],
    ["Russian", RUSSIAN, 46],
    ["single letters and marks", "a b , c . d ; ".repeat(200), 1400],
    ["a line drawn with dashes", `${"-".repeat(60)}\n`.repeat(20), 40],
    ["boxes", `┌${"─".repeat(40)}┐\n│ name │\n└${"─".repeat(40)}┘\n`.repeat(10), 200],
  ])("%s", (_, text, tokens) => {
    expect(estimateTokens(text) / tokens).toBeGreaterThan(0.85)
    expect(estimateTokens(text) / tokens).toBeLessThan(1.15)
  })
})

describe("what is like one piece costs like one", () => {
  it.each([
    ["nothing", "", 0],
    ["a word", "proxy", 1.1],
    ["a word behind a blank", " proxy", 1],
    ["a number behind a blank", " 7", 2],
    ["an indentation", "\n        x", 3.1],
    ["a line break behind a mark", ";\n\n", 1],
    ["the end of a word behind its apostrophe", "don't", 1.4],
  ])("%s", (_, text, tokens) => {
    expect(estimateTokens(text)).toBeCloseTo(tokens, 5)
  })
})

it("a text joined to itself costs twice as much, whatever it consists of", () => {
  for (const text of [PROSE, CODE, SCHEMA, CHINESE, "\u0000", "\ud83d", "🎉", "a", "A", "1", "é", "|", "│"]) {
    const many = estimateTokens(`${text}\n`.repeat(1000))
    expect(many / (1000 * estimateTokens(`${text}\n`))).toBeGreaterThan(0.5)
    expect(many / (1000 * estimateTokens(`${text}\n`))).toBeLessThan(1.01)
  }
})
