/** A number for port 0: workers that start later must listen where the first ones did. */
import { once } from "node:events"
import { createServer } from "node:net"

/** @returns 0 where the host cannot be listened on: who listens will say why. */
export async function freePort(host: string): Promise<number> {
  const probe = createServer().listen(0, host)
  try {
    await once(probe, "listening")
    const address = probe.address()
    return typeof address === "object" && address ? address.port : 0
  } catch {
    return 0
  } finally {
    await new Promise((resolve) => probe.close(resolve))
  }
}
