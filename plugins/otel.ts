/**
 * otel: traces by OpenTelemetry's conventions for generative AI.
 *
 * ```yaml
 * plugins:
 *   - otel
 *   # or, with options:
 *   - otel: { content: true, providers: { eu: azure.ai.openai } }
 * ```
 *
 * A request is a span below the one that its client tells of in `traceparent`. Each call to a backend is a span below
 * that, and tells the backend of itself. Needs the package `@opentelemetry/api`, and an SDK that the process was
 * started with: `node --import ./tracing.mjs …`. What was asked and answered is in no span unless `content` says so.
 *
 * Source: OpenTelemetry's semantic conventions 1.41.0, "Generative AI" and "HTTP".
 */
import {
  definePlugin,
  defineStage,
  onOver,
  printable,
  ProxyError,
  v,
  type AssistantMessage,
  type ContentBlock,
  type MessageRequest,
  type ReplyBlock,
  type Target,
} from "llm-proxy"

const Options = v.strictObject({
  /** Put what was asked and answered into the spans of calls. @default false */
  content: v.optional(v.boolean("must be true or false"), false),
  /** Tell backends of the span in `traceparent`. @default true */
  propagate: v.optional(v.boolean("must be true or false"), true),
  /** What OpenTelemetry calls a backend, by its name in the config. @default the name itself */
  providers: v.optional(v.record(v.string(), v.string("must be a provider's name")), {}),
})

/** One request. */
interface Trace {
  readonly span: Span
  readonly inside: Context
  /** Calls that have not ended. */
  readonly calls: Set<Span>
  /** What is under way between the places before `toOpenAI` and `upstream`. */
  turn: { answering: Span | undefined }
}

export default definePlugin({
  name: "otel",
  options: Options,
  async setup({ content, propagate, providers }, { log, models }) {
    const backends = new Set(models.entries.map(([, { backend }]) => backend.name))
    const unknown = Object.keys(providers).find((name) => !backends.has(name))
    if (unknown !== undefined) {
      throw new Error(`providers.${unknown}: no model leads to such a backend; there is ${[...backends].join(", ")}`)
    }
    const api = await load()
    const tracer = api.trace.getTracer("llm-proxy")
    if (isNobody(api)) log.warn("nothing is traced: no OpenTelemetry SDK is registered; start the process with one")
    const traces = new WeakMap<Request, Trace>()

    return [
      defineStage({
        name: "otel",
        before: "auth",
        async run(context, next) {
          const { req, id } = context
          if (!isTraced(req)) return next(context)
          // Whoever traces the server already has read `traceparent` itself.
          const around = api.context.active()
          const parent = api.trace.getSpan(around) ? around : api.propagation.extract(around, req.headers, HEADERS)
          const attributes = { ...aboutHttp(req), "llm_proxy.request_id": id }
          const span = tracer.startSpan(`POST ${ROUTE}`, { kind: api.SpanKind.SERVER, attributes }, parent)
          const calls = new Set<Span>()
          const trace: Trace = { span, inside: api.trace.setSpan(parent, span), calls, turn: { answering: undefined } }
          traces.set(req, trace)
          const told = (status: number): void => {
            span.setAttribute("http.response.status_code", status)
            if (status >= 500) fail(api, span, String(status))
          }
          context.onOver((broke) => {
            for (const open of [...calls, span]) {
              if (broke !== undefined) open.setAttribute("error.type", LEFT)
              open.end()
            }
          })
          try {
            const reply = await api.context.with(trace.inside, () => next(context))
            told(reply.status)
            return reply
          } catch (thrown) {
            told(thrown instanceof ProxyError ? thrown.status : 500)
            throw thrown
          }
        },
      }),
      defineStage({
        name: "otel",
        before: "route",
        run(context, next) {
          const { req, client, original } = context
          const about = { "llm_proxy.key": client.name, "llm_proxy.model": printable(original.request.model) }
          traces.get(req)?.span.setAttributes(about)
          return next(context)
        },
      }),
      defineStage({
        name: "otel",
        before: "toOpenAI",
        async run(context, next) {
          const trace = traces.get(context.req)
          if (!trace) return next(context)
          const turn: Trace["turn"] = { answering: undefined }
          trace.turn = turn
          const reply = await next(context)
          const call = turn.answering
          if (!call) return reply
          return reply.pipeThrough(
            onOver(({ message, error, left }) => {
              if (message) call.setAttributes(aboutAnswer(message))
              if (message && content) call.setAttributes(saidIn(message))
              if (left) return // by whom is known when all is over
              if (error) fail(api, call, error.type)
              call.end()
              trace.calls.delete(call)
            }),
          )
        },
      }),
      defineStage({
        name: "otel",
        before: "upstream",
        async run(context, next) {
          const { request, target } = context
          const trace = traces.get(context.req)
          if (!trace) return next(context)
          const { turn } = trace
          const began = performance.now()
          const provider = providers[target.backend.name] ?? target.backend.name
          const attributes = { "gen_ai.provider.name": provider, ...aboutRequest(request, target) }
          const kind = api.SpanKind.CLIENT
          const call = tracer.startSpan(`chat ${target.model}`, { kind, attributes }, trace.inside)
          trace.calls.add(call)
          if (content && call.isRecording()) call.setAttributes(askedIn(request))
          const inside = api.trace.setSpan(trace.inside, call)
          const headers = { ...context.headers }
          // The trace is everybody's; what else a client has in its `baggage` is not the backend's business.
          if (propagate) api.propagation.inject(api.propagation.deleteBaggage(inside), headers)
          try {
            const reply = await api.context.with(inside, () => next({ ...context, headers }))
            const first = (performance.now() - began) / 1000
            if (request.stream) call.setAttribute("gen_ai.response.time_to_first_chunk", first)
            turn.answering = call
            return reply
          } catch (thrown) {
            // Its words stay out: a backend's may quote what it was sent, and have part of a key in them.
            if (!context.signal.aborted) {
              fail(api, call, thrown instanceof ProxyError ? thrown.type : "_OTHER")
              call.end()
              trace.calls.delete(call)
            }
            throw thrown
          }
        },
      }),
    ]
  },
})

async function load() {
  try {
    return await import("@opentelemetry/api")
  } catch (cause) {
    throw new Error("needs the package @opentelemetry/api: npm install @opentelemetry/api", { cause })
  }
}

type Api = Awaited<ReturnType<typeof load>>
type Span = ReturnType<ReturnType<Api["trace"]["getTracer"]>["startSpan"]>
type Context = ReturnType<Api["context"]["active"]>
type Attributes = Parameters<Span["setAttributes"]>[0]

const ROUTE = "/v1/messages"

/** The `error.type` of what a client left before it was over. */
const LEFT = "client_left"

/** How `traceparent` is read from a request. */
const HEADERS = {
  get: (headers: Headers, name: string) => headers.get(name) ?? undefined,
  keys: (headers: Headers) => [...headers.keys()],
}

/** Requests for messages that are really answered. */
function isTraced(req: Request): boolean {
  return /\/v1\/messages\/?(?:[?#]|$)/.test(req.url) && req.headers.get("x-llm-proxy-explain") !== "1"
}

function aboutHttp({ url }: Request): Attributes {
  const scheme = url.startsWith("https:") ? "https" : "http"
  return { "http.request.method": "POST", "http.route": ROUTE, "url.path": ROUTE, "url.scheme": scheme }
}

/** Whether spans go nowhere. */
function isNobody({ trace, ProxyTracerProvider }: Api): boolean {
  const provider = trace.getTracerProvider()
  return provider instanceof ProxyTracerProvider && provider.getDelegateTracer("llm-proxy") === undefined
}

function fail({ SpanStatusCode }: Api, span: Span, type: string): void {
  span.setAttribute("error.type", type)
  span.setStatus({ code: SpanStatusCode.ERROR })
}

/** What is known when a call begins: a sampler decides by it. */
function aboutRequest(request: MessageRequest, { model, backend }: Target): Attributes {
  const { max_tokens, temperature, top_p, top_k, stop_sequences, stream, output_config, output_format } = request
  const { hostname = "", port, protocol } = URL.canParse(backend.base_url) ? new URL(backend.base_url) : {}
  return {
    "gen_ai.operation.name": "chat",
    "gen_ai.request.model": model,
    "gen_ai.request.max_tokens": max_tokens,
    "gen_ai.request.temperature": temperature ?? undefined,
    "gen_ai.request.top_p": top_p ?? undefined,
    "gen_ai.request.top_k": top_k ?? undefined,
    "gen_ai.request.stop_sequences": stop_sequences ? [...stop_sequences] : undefined,
    "gen_ai.request.stream": stream || undefined,
    "gen_ai.output.type": (output_config?.format ?? output_format) ? "json" : undefined,
    ...(hostname && { "server.address": hostname, "server.port": Number(port) || (protocol === "https:" ? 443 : 80) }),
  }
}

/** The convention counts tokens of the cache as input; Anthropic's `input_tokens` are those beside them. */
function aboutAnswer({ id, stop_reason, usage }: AssistantMessage): Attributes {
  const { cache_read_input_tokens: read, cache_creation_input_tokens: written, output_tokens_details: details } = usage
  return {
    "gen_ai.response.id": id,
    "gen_ai.response.finish_reasons": stop_reason ? [stop_reason] : undefined,
    "gen_ai.usage.input_tokens": usage.input_tokens + (read ?? 0) + (written ?? 0),
    "gen_ai.usage.cache_read.input_tokens": read ?? undefined,
    "gen_ai.usage.cache_creation.input_tokens": written ?? undefined,
    "gen_ai.usage.output_tokens": usage.output_tokens,
    "gen_ai.usage.reasoning.output_tokens": details?.thinking_tokens,
  }
}

function askedIn({ system, messages }: MessageRequest): Attributes {
  const told = messages.map(({ role, content }) => ({ role, parts: toParts(content) }))
  return {
    "gen_ai.system_instructions": system ? JSON.stringify(toParts(system)) : undefined,
    "gen_ai.input.messages": JSON.stringify(told),
  }
}

function saidIn({ role, content, stop_reason }: AssistantMessage): Attributes {
  const said = { role, parts: toParts(content), finish_reason: stop_reason ?? "error" }
  return { "gen_ai.output.messages": JSON.stringify([said]) }
}

/** Words and calls in the convention's own form; of pictures and files only that they were there. */
function toParts(content: string | readonly (ContentBlock | ReplyBlock)[] | null | undefined): readonly object[] {
  if (typeof content === "string") return [{ type: "text", content }]
  return (content ?? []).map((block) => {
    switch (block.type) {
      case "text":
        return { type: "text", content: block.text }
      case "thinking":
        return { type: "reasoning", content: block.thinking }
      case "tool_use":
        return { type: "tool_call", id: block.id, name: block.name, arguments: block.input }
      case "tool_result":
        return { type: "tool_call_response", id: block.tool_use_id, response: toParts(block.content) }
      default:
        return { type: block.type }
    }
  })
}
