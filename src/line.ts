/**
 * The seven stages, made ready for a config, with what they know beyond one request: who is ready, what backends
 * refuse, what they must get back, how far estimates are off.
 */
import { prefixStorage, type Storage } from "unstorage"
import { createCalibration, type Calibration } from "./state/calibration.ts"
import { createCarrier } from "./state/carrier.ts"
import type { Settings } from "./config/config.ts"
import { Calls } from "./dial/calls.ts"
import { createDial, type Dial, type Fetch } from "./dial/dial.ts"
import { createHealth, type Health } from "./state/health.ts"
import { createLessons, type Lessons } from "./state/lessons.ts"
import type { Hops } from "./dial/hops.ts"
import type { Log } from "./log.ts"
import type { Line } from "./pipeline.ts"
import { createRefusals } from "./state/refusals.ts"
import { createReplays } from "./state/replays.ts"
import { createAuth, type Digest } from "./stages/auth.ts"
import { createEncode } from "./stages/encode.ts"
import { createFromOpenAI } from "./stages/from-openai.ts"
import { parse } from "./stages/parse.ts"
import { createFind, createRoute, type Find } from "./stages/route.ts"
import { createToOpenAI } from "./stages/to-openai.ts"
import { createUpstream } from "./stages/upstream.ts"

export interface LineOptions {
  readonly fetch: Fetch | undefined
  readonly digest: Digest
  readonly storage: Storage
  readonly log: Log
  /** Takes configured keys out of a text. */
  readonly mask: (text: string) => string
  /** Makes an id: `newId("msg_")`. */
  readonly newId: (prefix: string) => string
  readonly hops: Hops
}

/** The stages, and of what they know the parts that endpoints use too. */
export interface ReadyLine {
  readonly line: Line
  readonly find: Find
  readonly dial: Dial
  /** Those of `dial` that run. */
  readonly calls: Calls
  readonly health: Health
  readonly lessons: Lessons
  readonly calibration: Calibration
}

export async function createLine(settings: Settings, options: LineOptions): Promise<ReadyLine> {
  const { server, routes, backends, clients, secret } = settings
  const { fetch, digest, storage, log, mask, newId, hops } = options
  const health = createHealth(backends, mask)
  const find = createFind(routes)
  const calls = new Calls()
  const dial = createDial(hops, fetch, calls)
  const carrier = await createCarrier(secret)
  const replays = createReplays({ storage: prefixStorage(storage, "reasoning"), carrier, digest, log })
  const calibration = createCalibration(prefixStorage(storage, "calibration"), log)
  const lessons = createLessons(prefixStorage(storage, "lessons"), log)
  const line: Line = {
    auth: await createAuth(clients, digest),
    parse,
    route: createRoute(find),
    toOpenAI: createToOpenAI(carrier, replays),
    upstream: createUpstream({ dial, health, lessons, refusals: createRefusals(digest), mask }),
    fromOpenAI: createFromOpenAI(newId, calibration, carrier, replays),
    encode: createEncode({ ping: server.ping, mask }),
  }
  return { line, find, dial, calls, health, lessons, calibration }
}
