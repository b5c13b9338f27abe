/* oxlint-disable vitest/expect-expect -- what is measured here is read, not held to */
import { test } from "vitest"
import { estimateTokens } from "../../../src/anthropic/estimate.ts"
import { countTokens, guessTokens } from "../../../src/anthropic/count.ts"
import { isTooDeep } from "../../../src/anthropic/depth.ts"
import { checkMessageRequest, parseMessageRequest } from "../../../src/anthropic/request.ts"
import { GENERAL } from "../../../src/backends/profile.ts"
import { createMask } from "../../../src/log.ts"
import { createCarrier } from "../../../src/state/carrier.ts"
import { toChatRequest } from "../../../src/wires/chat/request.ts"
import { toJsonText } from "../../../src/wires/json.ts"
import { toResponsesRequest } from "../../../src/wires/responses/request.ts"
import type { Order } from "../order.ts"
import { toBody } from "../request.ts"

/** A request on its way: a turn of Claude Code, 250 KB with 40 tools and 120 messages. */

const ORDER: Order = { shape: "burst", events: 16, every: 0, batch: 16, wait: 0 }
const TEXT = toBody({ kb: 250, tools: 40, turns: 60 }, ORDER).toString()
const BODY: unknown = JSON.parse(TEXT)
const REQUEST = parseMessageRequest(BODY)
const TARGET = { model: "gpt-bench", profile: GENERAL }

test("from text to text", async ({ bench }) => {
  const { body } = toChatRequest(REQUEST, TARGET)
  await bench.compare(
    bench("JSON.parse", () => void JSON.parse(TEXT)),
    bench("too deep?", () => void isTooDeep(BODY)),
    bench("parse", () => void parseMessageRequest(BODY)),
    bench("check", () => checkMessageRequest(REQUEST)),
    bench("to chat", () => void toChatRequest(REQUEST, TARGET)),
    bench("to responses", () => void toResponsesRequest(REQUEST, TARGET)),
    bench("to JSON", () => void toJsonText(body)),
    bench("JSON.stringify", () => void JSON.stringify(body)),
  )
})

test("how many tokens", async ({ bench }) => {
  await bench.compare(
    bench("count", () => void countTokens(REQUEST)),
    bench("guess", () => void guessTokens(REQUEST)),
    bench("its text", () => void estimateTokens(TEXT)),
  )
})

test("thinking sealed and opened, 4 KB", async ({ bench }) => {
  const carrier = await createCarrier("a secret of the operator")
  const bond = { backend: "bench", model: "gpt-bench", beside: "So I thought. ".repeat(200) }
  const content = { id: "rs_1", encrypted_content: "q7".repeat(2000), summary: bond.beside }
  const sealed = carrier.seal(content, bond)
  await bench.compare(
    bench("seal", () => void carrier.seal(content, bond)),
    bench("open", () => void carrier.open(sealed, bond)),
  )
})

test("keys taken out of a line", async ({ bench }) => {
  const mask = createMask(["sk-proxy-0123456789", "sk-backend-0123456789"])
  const line = "answered plugin=log request=req_0123456789abcdef client=default model=bench backend=mock status=200"
  await bench.compare(bench("mask", () => void mask(line)), bench("nothing to mask", () => void createMask([])(line)))
})
