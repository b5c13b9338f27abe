/** Baseline `raw`: bytes through node:http both ways, unread. Its upstream speaks Anthropic's API. */
import { Agent, createServer, request } from "node:http"
import { listen, UPSTREAM } from "./listen.ts"

const agent = new Agent({ keepAlive: true })

listen(
  createServer((incoming, response) => {
    const { method, headers, url } = incoming
    const outgoing = request(`${UPSTREAM}${url}`, { method, headers, agent }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, { "content-type": answer.headers["content-type"] ?? "text/plain" })
      answer.pipe(response)
    })
    incoming.pipe(outgoing)
  }),
)
