import { describe, expect, test } from "vitest"
import { createStorage, type Storage } from "unstorage"
import { countTokens } from "../../src/anthropic/count.ts"
import type { CountRequest } from "../../src/anthropic/request.ts"
import { createCalibration, type Calibration } from "../../src/state/calibration.ts"
import { SILENT } from "../../src/log.ts"
import type { Target } from "../../src/stage.ts"

const target = { model: "a/b:c?d", backend: { name: "x" } } as Target
const other = { model: "e", backend: { name: "x" } } as Target
const request: CountRequest = { model: "m", messages: [{ role: "user", content: "What was asked, once more. ".repeat(100) }] }
const image = { type: "image", source: { type: "url", url: "https://example.com/a.png" } }
const estimate = countTokens(request)

/** Learns turns whose prompts took so many times the estimate, and waits until that is done. */
async function learn(calibration: Calibration, ...ratios: readonly number[]): Promise<void> {
  for (const ratio of ratios) {
    calibration.learn(target, request, estimate * ratio)
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
}

describe("what estimates are multiplied with", () => {
  test("is 1 before anything is known", async () => {
    expect(await createCalibration(createStorage(), SILENT).factor(target)).toBe(1)
  })

  test("is the mean of the first turns, for that model alone (copilot-api#210)", async () => {
    const calibration = createCalibration(createStorage(), SILENT)
    await learn(calibration, 1.4, 1.2)
    expect(await calibration.factor(target)).toBeCloseTo(1.3, 10)
    expect(await calibration.factor(other)).toBe(1)
  })

  test("forgets old turns by an eighth each", async () => {
    const calibration = createCalibration(createStorage(), SILENT)
    await learn(calibration, 1, 1, 1, 1, 1, 1, 1, 1)
    for (let n = 8; n <= 32; n++) calibration.learn(target, request, estimate * (n === 32 ? 1.8 : 0.6))
    await expect.poll(() => calibration.factor(target)).toBeCloseTo(1.1, 10) // of the later turns the 32nd was looked at
  })

  test.each([
    ["a prompt that was cut at the window", request, 0.4],
    ["a count that tells no tokenizer's", request, 2.1],
    ["a prompt too short to tell", { ...request, messages: request.messages.slice(1) }, 1.5],
    ["a prompt with an image", { ...request, messages: [{ role: "user", content: [image, image] }] } as CountRequest, 1.5],
  ])("learns nothing from %s", async (_, asked, ratio) => {
    const calibration = createCalibration(createStorage(), SILENT)
    calibration.learn(target, asked, countTokens(asked) * ratio)
    await new Promise((resolve) => setTimeout(resolve, 2))
    expect(await calibration.factor(target)).toBe(1)
  })

  test("outlives the process where the storage does", async () => {
    const storage = createStorage()
    await learn(createCalibration(storage, SILENT), 1.4, 1.2)
    await expect.poll(() => createCalibration(storage, SILENT).factor(target)).toBeCloseTo(1.3, 10)
    const next = createCalibration(storage, SILENT)
    await learn(next, 1)
    expect(await next.factor(target)).toBeCloseTo(1.2, 10)
  })

  test("is 1 again where the storage holds something else", async () => {
    for (const kept of [{ factor: 9, turns: 3 }, { factor: "2", turns: 3 }, { factor: 1.5, turns: 0 }, "1.5", 2]) {
      const storage = createStorage()
      await storage.setItem("x:a%2Fb%3Ac%3Fd", kept)
      expect(await createCalibration(storage, SILENT).factor(target)).toBe(1)
    }
  })

  test("is kept in memory when the storage fails, and costs no request", async () => {
    const down = (): Promise<never> => Promise.reject(new Error("down"))
    const calibration = createCalibration({ ...createStorage(), getItem: down, setItem: down } as Storage, SILENT)
    await learn(calibration, 1.4)
    expect(await calibration.factor(target)).toBeCloseTo(1.4, 10)
  })
})
