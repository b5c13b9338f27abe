/**
 * A scripted backend: a real HTTP server on loopback that answers each POST with the next of its scripts and keeps
 * what it was asked. What it is not told to answer is a 500 that says so.
 */
import { once } from "node:events"
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"

/** How one request is answered. */
export interface Script {
  answer(response: ServerResponse): void
}

/** A request as it arrived. */
export interface Asked {
  readonly method: string
  readonly path: string
  readonly headers: IncomingHttpHeaders
  /** Parsed; the raw text where it is not JSON. */
  readonly body: unknown
  /** As it arrived. */
  readonly text: string
}

export interface ScriptedBackend {
  /** Without a slash at its end: `http://127.0.0.1:40000/v1`. */
  readonly url: string
  /** All requests so far, oldest first. */
  readonly asked: readonly Asked[]
  /** Adds scripts behind those not used yet. */
  play(...scripts: readonly Script[]): void
  /** Ends all connections. */
  close(): Promise<void>
}

/** A whole JSON answer. */
export function json(status: number, body: unknown, headers: Readonly<Record<string, string>> = {}): Script {
  return {
    answer(response) {
      response.writeHead(status, { "content-type": "application/json", ...headers })
      response.end(JSON.stringify(body))
    },
  }
}

/** A failure in OpenAI's shape. */
export function error(status: number, message: string, headers: Readonly<Record<string, string>> = {}): Script {
  return json(status, { error: { message, type: "error", param: null, code: null } }, headers)
}

/** A stream of chunks, one event each, with `[DONE]` behind them unless told otherwise. */
export function chunks(list: readonly unknown[], { done = true }: { readonly done?: boolean } = {}): Script {
  return raw(...list.map(toEvent), ...(done ? ["data: [DONE]\n\n"] : []))
}

/** A stream of exactly these bytes, each piece a write of its own. */
export function raw(...pieces: readonly (string | Uint8Array)[]): Script {
  return {
    answer(response) {
      begin(response)
      for (const piece of pieces) response.write(piece)
      response.end()
    },
  }
}

/** A stream that the test writes by hand. */
export interface Controlled extends Script {
  /** Resolves when the request has come and the answer's head has gone out. */
  readonly opened: Promise<void>
  /** Resolves when the connection is over: true when the other side ended it before `end` or `cut` did. */
  readonly closed: Promise<boolean>
  /** Writes a chunk as an event, or a text as it is. */
  push(piece: object | string): void
  /** Ends the answer as it should end, without `[DONE]`. */
  end(): void
  /** Breaks the connection off. */
  cut(): void
}

export function controlled(): Controlled {
  const opened = Promise.withResolvers<void>()
  const closed = Promise.withResolvers<boolean>()
  let response: ServerResponse | undefined
  let ours = false
  const open = (): ServerResponse => {
    if (!response) throw new Error("nobody has asked yet: await opened first")
    return response
  }
  return {
    opened: opened.promise,
    closed: closed.promise,
    answer(given) {
      response = given
      given.once("close", () => closed.resolve(!ours))
      begin(given)
      given.flushHeaders()
      opened.resolve()
    },
    push(piece) {
      open().write(typeof piece === "string" ? piece : toEvent(piece))
    },
    end() {
      ours = true
      open().end()
    },
    cut() {
      ours = true
      open().destroy()
    },
  }
}

/** Starts a backend on a free port of this machine. */
export async function startBackend(...scripts: readonly Script[]): Promise<ScriptedBackend> {
  const waiting = [...scripts]
  const asked: Asked[] = []
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    asked.push(await read(request))
    const script = waiting.shift() ?? error(500, `request ${asked.length} has no script`)
    script.answer(response)
  }
  const server = createServer((request, response) => {
    answer(request, response).catch(() => response.destroy()) // whoever asked has left in mid-request
  })
  server.listen(0, "127.0.0.1")
  await once(server, "listening")
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}/v1`,
    asked,
    play: (...more) => waiting.push(...more),
    async close() {
      server.close()
      server.closeAllConnections()
      await once(server, "close")
    },
  }
}

function begin(response: ServerResponse): void {
  response.writeHead(200, { "content-type": "text/event-stream" })
}

function toEvent(chunk: unknown): string {
  return `data: ${JSON.stringify(chunk)}\n\n`
}

async function read(request: IncomingMessage): Promise<Asked> {
  const pieces: Buffer[] = []
  for await (const piece of request) pieces.push(piece as Buffer)
  const { method = "", url = "", headers } = request
  const text = Buffer.concat(pieces).toString()
  return { method, path: url, headers, body: parse(text), text }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}
