/**
 * Baseline `naive`: what one gets by following the platform's examples. h3 in front, fetch behind, and a
 * TransformStream for each step, an event at a time.
 */
import { EventSourceParserStream, type EventSourceMessage } from "eventsource-parser/stream"
import { H3, readBody, serve } from "h3"
import { toEvent } from "./dialects.ts"
import { KEEP_ALIVE, PORT } from "./listen.ts"
import { CHAT_URL, OPEN, START, toChat, toEnd, toMessage, type Ask, type Event, type Reply } from "./translate.ts"

const app = new H3().post("/v1/messages", async (event) => {
  const ask = (await readBody<Ask>(event)) as Ask
  const headers = { "content-type": "application/json" }
  const answer = await fetch(CHAT_URL, { method: "POST", headers, body: toChat(ask) })
  if (!answer.ok) return new Response(answer.body, { status: answer.status, headers })
  if (!ask.stream || !answer.body) return Response.json(toMessage((await answer.json()) as Reply))
  const events = answer.body
    .pipeThrough(new TextDecoderStream())
    .pipeThrough(new EventSourceParserStream())
    .pipeThrough(new TransformStream<EventSourceMessage, Reply>({ transform: parse }))
    .pipeThrough(translation())
    .pipeThrough(new TransformStream<Event, string>({ transform: (one, out) => out.enqueue(toEvent(one)) }))
    .pipeThrough(new TextEncoderStream())
  return new Response(events, { headers: { "content-type": "text/event-stream" } })
})

serve(app, { port: PORT, hostname: "127.0.0.1", silent: true, node: { keepAliveTimeout: KEEP_ALIVE } })

function parse({ data }: EventSourceMessage, out: TransformStreamDefaultController<Reply>): void {
  if (data !== "[DONE]") out.enqueue(JSON.parse(data) as Reply)
}

function translation(): TransformStream<Reply, Event> {
  let begun = false
  return new TransformStream<Reply, Event>({
    transform(reply, out) {
      const text = reply.choices[0]?.delta?.content
      if (text) {
        if (!begun) for (const one of [START, OPEN]) out.enqueue(one)
        begun = true
        out.enqueue({ type: "content_block_delta", index: 0, delta: { type: "text_delta", text } })
      }
      if (reply.usage) for (const one of toEnd(reply)) out.enqueue(one)
    },
  })
}
