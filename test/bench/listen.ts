/** What the mock and the hand-written servers have in common: where they listen, and how they read a body. */
import type { IncomingMessage, Server } from "node:http"

/** The mock's address, for the servers in front of it. */
export const UPSTREAM = process.env["UPSTREAM"] ?? ""

/** Idle connections live as long as the proxy's, or some would pay for new ones and others not. */
export const KEEP_ALIVE = 75_000

export const PORT = Number(process.env["PORT"])

export function listen(server: Server): void {
  server.keepAliveTimeout = KEEP_ALIVE
  server.listen(PORT, "127.0.0.1")
}

export function readText(message: IncomingMessage, then: (text: string) => void): void {
  const pieces: Buffer[] = []
  message.on("data", (piece: Buffer) => pieces.push(piece))
  message.on("end", () => then(Buffer.concat(pieces).toString()))
}
