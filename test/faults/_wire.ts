/** A server as `llm-proxy` starts it, on a free port of this machine, and clients that write what bytes they like. */
import { connect, type Socket } from "node:net"
import type { OpenOptions } from "../../src/node/open.ts"
import { startServer, type RunningServer } from "../../src/node/server.ts"
import { folderOf, recorder } from "../node/_start.ts"

export const KEY = "k-faults"

export interface Served extends RunningServer {
  readonly folder: string
  /** The lines of the log so far, without their times. */
  lines(): string[]
}

/** @param files `config.yaml` among them. */
export async function serveFiles(files: Readonly<Record<string, string>>, options: OpenOptions = {}): Promise<Served> {
  const folder = await folderOf(files)
  const terminal = recorder()
  const env = { PROXY_API_KEY: KEY, PORT: "0", LOG_LEVEL: "debug", ...options.env }
  const server = await startServer({ ...options, cwd: folder, env, terminal })
  const lines = (): string[] => [...terminal.text.err.matchAll(/^\S+Z (.*)$/gm)].map(([, line = ""]) => line)
  return { ...server, folder, lines }
}

/** One connection. */
export interface Speaker {
  readonly socket: Socket
  /** Everything that came back so far. */
  said(): string
  write(text: string | Uint8Array): void
  /** Settles when this has come back, rejects when the connection is over without it. */
  until(text: string): Promise<void>
  /** What came back, once the other side has closed the connection. */
  readonly over: Promise<string>
}

/** @param first Is written at once. */
export function speakTo(url: string, first = ""): Speaker {
  const { hostname, port } = new URL(url)
  const socket = connect({ host: hostname, port: Number(port), noDelay: true })
  let said = ""
  const looks = new Set<() => void>()
  socket.on("data", (data: Buffer) => {
    said += data.toString("latin1")
    for (const look of looks) look()
  })
  socket.on("error", () => {}) // a reset is an end too
  const over = new Promise<string>((resolve) => socket.once("close", () => resolve(said)))
  const until = (text: string): Promise<void> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        if (said.includes(text)) resolve()
      }
      looks.add(look)
      look()
      void over.then(() => reject(new Error(`closed without ${JSON.stringify(text)}: ${said}`)))
    })
  if (first !== "") socket.write(first)
  return { socket, said: () => said, write: (text) => void socket.write(text), until, over }
}

export interface Heard {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  /** Of JSON what it says, else the text. */
  readonly body: unknown
}

/** The first answer in what a connection has said. */
export function heardIn(said: string): Heard {
  const at = said.indexOf("\r\n\r\n")
  const [first = "", ...lines] = said.slice(0, at).split("\r\n")
  const headers = Object.fromEntries(lines.map((line) => [line.slice(0, line.indexOf(":")).toLowerCase(), line.slice(line.indexOf(":") + 2)]))
  const rest = said.slice(at + 4)
  const text = headers["transfer-encoding"] === "chunked" ? unchunked(rest) : rest.slice(0, Number(headers["content-length"] ?? Infinity))
  return { status: Number(first.split(" ")[1]), headers, body: headers["content-type"] === "application/json" ? JSON.parse(text) : text }
}

/** The body of an answer that is sent in chunks, as far as it has come. */
function unchunked(text: string): string {
  let out = ""
  let at = 0
  for (;;) {
    const end = text.indexOf("\r\n", at)
    const size = Number.parseInt(text.slice(at, end), 16)
    if (end < 0 || !(size > 0)) return out
    out += text.slice(end + 2, end + 2 + size)
    at = end + 2 + size + 2
  }
}

/** A refusal in Anthropic's shape, whose id is the header's. */
export function refusal(type: string, message: string, { headers }: Heard): unknown {
  return { type: "error", error: { type, message }, request_id: headers["request-id"] }
}

/** The head of a request, without its last line break. */
export function head(line: string, ...headers: readonly string[]): string {
  return [`${line} HTTP/1.1`, "Host: 127.0.0.1", ...headers, ""].join("\r\n")
}

/** A streamed request as a client writes it. */
export function question(model: string, key = KEY): string {
  const body = JSON.stringify({ model, max_tokens: 99, stream: true, messages: [{ role: "user", content: "Hi" }] })
  return `${head("POST /v1/messages", `x-api-key: ${key}`, `Content-Length: ${body.length}`)}\r\n${body}`
}
