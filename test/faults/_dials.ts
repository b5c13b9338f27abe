/** Every connection this process opens, and every name it looks up, whoever in it does. */
import { subscribe, unsubscribe } from "node:diagnostics_channel"
import dns from "node:dns"
import { isIP, type Socket } from "node:net"
import { vi } from "vitest"

export interface Dials {
  /** Address and port of each attempt, `127.0.0.1:40000`, and each name that was looked up. */
  readonly seen: readonly string[]
  /** From now on this server may be asked, and is left out. */
  allow(url: string): void
  stop(): void
}

export function watchDials(): Dials {
  const seen: string[] = []
  const known = new Set<string>()
  const add = (where: string): void => void (known.has(where) || seen.push(where))
  const attempt = (address: string, port: number): void => add(`${address}:${port}`)
  const hear = (message: unknown): void => {
    void (message as { socket: Socket }).socket.on("connectionAttempt", attempt)
  }
  subscribe("net.client.socket", hear)
  const real = dns.lookup
  // Nothing is looked up in earnest: a name that is not there would take the resolver's time.
  const spy = vi.spyOn(dns, "lookup").mockImplementation(((name: string, ...rest: [never]) => {
    const answer = rest.at(-1) as unknown as (error: Error) => void
    if (isIP(name)) return real(name, ...rest) // whoever listens asks for its own address
    add(name)
    answer(new Error(`no address for ${name}`))
  }) as typeof dns.lookup)
  return {
    seen,
    allow: (url) => void known.add(new URL(url).host),
    stop() {
      unsubscribe("net.client.socket", hear)
      spy.mockRestore()
    },
  }
}
