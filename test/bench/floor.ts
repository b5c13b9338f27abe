/**
 * Baseline `floor`: the least one can write by hand that translates, on node:http. No stages, no checks, no back
 * pressure, no way to fail; one write for each piece node:http hands over.
 */
import { Agent, createServer, request, type IncomingMessage, type ServerResponse } from "node:http"
import { toEvent } from "./dialects.ts"
import { listen, readText } from "./listen.ts"
import { CHAT_URL, OPEN, START, toChat, toEnd, toMessage, type Ask, type Reply } from "./translate.ts"

const agent = new Agent({ keepAlive: true })
const HEAD = toEvent(START) + toEvent(OPEN)
const DELTA =
  "event: content_block_delta\n" +
  'data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":'

listen(
  createServer((incoming, response) => {
    readText(incoming, (text) => {
      const ask = JSON.parse(text) as Ask
      const body = toChat(ask)
      const headers = { "content-type": "application/json", "content-length": Buffer.byteLength(body) }
      const outgoing = request(CHAT_URL, { method: "POST", agent, headers }, (answer) => {
        if (ask.stream && answer.statusCode === 200) stream(answer, response)
        else whole(answer, response)
      })
      outgoing.end(body)
    })
  }),
)

function whole(answer: IncomingMessage, response: ServerResponse): void {
  readText(answer, (text) => {
    const status = answer.statusCode ?? 502
    response.writeHead(status, { "content-type": "application/json" })
    response.end(status === 200 ? JSON.stringify(toMessage(JSON.parse(text) as Reply)) : text)
  })
}

function stream(answer: IncomingMessage, response: ServerResponse): void {
  response.writeHead(200, { "content-type": "text/event-stream" })
  let rest = ""
  let begun = false
  answer.setEncoding("utf8")
  answer.on("data", (piece: string) => {
    const frames = (rest + piece).split("\n\n")
    rest = frames.pop() ?? ""
    let out = ""
    for (const frame of frames) {
      if (frame === "data: [DONE]") continue
      const reply = JSON.parse(frame.slice(6)) as Reply
      const text = reply.choices[0]?.delta?.content
      if (text) {
        if (!begun) out += HEAD
        begun = true
        out += `${DELTA}${JSON.stringify(text)}}}\n\n`
      }
      if (reply.usage) out += toEnd(reply).map(toEvent).join("")
    }
    if (out) response.write(out)
  })
  answer.on("end", () => response.end())
}
