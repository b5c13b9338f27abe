import { expect, test } from "vitest"
import { tryDamaged } from "../_mutations.ts"

/** Failures print it; set SEED to run another one. */
const SEED = Number(process.env["SEED"] ?? Date.now() % 2 ** 31)

/** How many; set RUNS for more. */
const RUNS = Number(process.env["RUNS"] ?? 10_000)

test(`${RUNS} damaged answers become whole ones or errors, and nothing throws (seed ${SEED})`, async () => {
  await expect(tryDamaged(SEED, RUNS)).resolves.toBeUndefined()
})
