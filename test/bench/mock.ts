/** The upstream: answers what the order in a request says, in the API of the path, and refuses half a translation. */
import { createServer, type ServerResponse } from "node:http"
import { readArrived } from "./arrived.ts"
import { anthropic, chat, type Dialect } from "./dialects.ts"
import { listen, readText } from "./listen.ts"
import { now, toPiece, type Order } from "./order.ts"
import { every } from "./pace.ts"

listen(
  createServer((request, response) => {
    const isChat = request.url === "/v1/chat/completions"
    readText(request, (text) => {
      const order = readArrived(text, request.headers, isChat)
      if (typeof order === "string") return refuse(response, order)
      const dialect = isChat ? chat : anthropic
      // A timer of 0 would be one of 1 ms.
      if (order.wait === 0) answer(response, order, dialect)
      else setTimeout(() => answer(response, order, dialect), order.wait)
    })
  }),
)

function refuse(response: ServerResponse, message: string): void {
  response.writeHead(400, { "content-type": "application/json" })
  response.end(JSON.stringify({ error: { message: `mock: ${message}`, type: "invalid_request_error" } }))
}

function answer(response: ServerResponse, order: Order, dialect: Dialect): void {
  if (order.shape === "whole") {
    response.writeHead(200, { "content-type": "application/json" })
    response.end(dialect.whole)
    return
  }
  response.writeHead(200, { "content-type": "text/event-stream" })
  if (order.shape === "paced") pace(response, order, dialect)
  else burst(response, order, dialect)
}

/** The first event goes out at once: when it arrives is what the time to the first event is. */
function pace(response: ServerResponse, order: Order, dialect: Dialect): void {
  let sequence = 0
  const write = (): void => {
    response.write(dialect.event(toPiece(sequence++, now())))
    response.socket?.uncork() // Node would hold it until the other streams of this tick have written theirs
    if (sequence < order.events) return
    stop()
    response.end(dialect.tail(order.events))
  }
  const stop = every(order.every, write)
  response.on("close", stop)
  response.write(dialect.head)
  write()
}

/** Writes until the socket is full; lets other streams have a turn now and then. */
function burst(response: ServerResponse, { events, batch }: Order, dialect: Dialect): void {
  let sequence = 0
  response.write(dialect.head)
  const go = (): void => {
    for (let writes = 0; sequence < events; writes++) {
      if (writes === 64) return void setImmediate(go)
      let bytes = ""
      for (let n = 0; n < batch && sequence < events; n++) bytes += dialect.event(toPiece(sequence++, now()))
      if (!response.write(bytes)) return void response.once("drain", go)
    }
    response.end(dialect.tail(events))
  }
  go()
}
