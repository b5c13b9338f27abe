/**
 * Tells a request that has come round to the proxy it came from. Each call to a backend names the proxies that its
 * request has come through, and a request that names this one, or too many, is refused before anything is done for
 * it: else a proxy that is its own backend asks itself until no socket is left (Portkey-AI/gateway#1507).
 *
 * It is what `CDN-Loop` is for CDNs (RFC 8586), under a name of its own, since CDNs in front of backends read that one.
 */
import { ProxyError } from "../error.ts"

export interface Hops {
  /** @throws {ProxyError} 508 for a request that this proxy has sent itself, or that too many others have. */
  check(headers: Headers): void
  /**
   * The header of a call to a backend.
   *
   * @param headers Of the request it is made for.
   */
  onward(headers: Headers): Readonly<Record<string, string>>
}

const HEADER = "x-llm-proxy-hops"

/** So many proxies in a row are nobody's wish. Loops through one that runs as several processes end here, too. */
const MOST = 8

/** @param newId Makes 32 random hexadecimal digits: they tell a backend nothing but which calls are one process's. */
export function createHops(newId: () => string): Hops {
  let own: string | undefined // made with the first request, as some runtimes have no randomness before it
  const id = (): string => (own ??= newId())
  return {
    check(headers) {
      const passed = passedBy(headers)
      if (passed.length === 0) return
      if (passed.includes(id())) throw looped("this proxy is asked by itself: a backend's base_url leads back to it")
      if (passed.length >= MOST) throw looped(`${MOST} proxies have sent this request on; does a base_url lead back?`)
    },
    onward: (headers) => ({ [HEADER]: [...passedBy(headers), id()].join(", ") }),
  }
}

/** The proxies a request names. What is no id of one goes no further: a client may write anything there. */
function passedBy(headers: Headers): readonly string[] {
  const named = headers.get(HEADER)
  return named === null ? [] : named.split(/\s*,\s*/).filter((one) => /^[\da-f]{32}$/.test(one))
}

function looped(message: string): ProxyError {
  return new ProxyError(508, message, { headers: { "x-should-retry": "false" } })
}
