/** The least of an OpenTelemetry SDK: keeps every span, carries `traceparent`, and follows asynchronous calls. */
import { AsyncLocalStorage } from "node:async_hooks"
import {
  context,
  isSpanContextValid,
  propagation,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  trace,
  type Attributes,
  type Context,
  type ContextManager,
  type Span,
  type TextMapPropagator,
  type Tracer,
} from "@opentelemetry/api"

/** A span as it was left. */
export interface Kept {
  readonly name: string
  readonly kind: string
  readonly trace: string
  readonly id: string
  readonly parent: string | undefined
  readonly attributes: Attributes
  failed: boolean
  /** How often `end` was called. */
  ends: number
}

/** Registers it for the process; the list grows with every span. */
export function startTracing(): readonly Kept[] {
  const kept: Kept[] = []
  trace.setGlobalTracerProvider({ getTracer: () => tracerInto(kept) })
  context.setGlobalContextManager(contexts())
  propagation.setGlobalPropagator(PROPAGATOR)
  return kept
}

export function stopTracing(): void {
  trace.disable()
  context.disable()
  propagation.disable()
}

function tracerInto(kept: Kept[]): Tracer {
  const startSpan: Tracer["startSpan"] = (name, options = {}, around = context.active()) => {
    const { kind = SpanKind.INTERNAL, attributes = {} } = options
    const parent = trace.getSpanContext(around)
    const id = (kept.length + 1).toString(16).padStart(16, "0")
    const own: Kept = {
      name,
      kind: SpanKind[kind],
      trace: parent?.traceId ?? id.repeat(2),
      id,
      parent: parent?.spanId,
      attributes: {},
      failed: false,
      ends: 0,
    }
    kept.push(own)
    const span: Span = {
      spanContext: () => ({ traceId: own.trace, spanId: id, traceFlags: 1 }),
      setAttribute: (key, value) => span.setAttributes({ [key]: value }),
      setAttributes(more) {
        for (const [key, value] of Object.entries(more)) if (value !== undefined) own.attributes[key] = value
        return span
      },
      setStatus({ code }) {
        own.failed = code === SpanStatusCode.ERROR
        return span
      },
      end: () => void own.ends++,
      isRecording: () => own.ends === 0,
      addEvent: () => span,
      addLink: () => span,
      addLinks: () => span,
      updateName: () => span,
      recordException: () => {},
    }
    return span.setAttributes(attributes)
  }
  return { startSpan, startActiveSpan: () => never("startActiveSpan") }
}

/** Source: W3C Trace Context and, of one entry, W3C Baggage. */
const PROPAGATOR: TextMapPropagator = {
  inject(around, carrier, { set }) {
    const span = trace.getSpanContext(around)
    if (span && isSpanContextValid(span)) set(carrier, "traceparent", `00-${span.traceId}-${span.spanId}-01`)
    const baggage = propagation.getBaggage(around)?.getAllEntries() ?? []
    for (const [name, { value }] of baggage) set(carrier, "baggage", `${name}=${value}`)
  },
  extract(around, carrier, { get }) {
    const [, traceId, spanId] = /^00-(\w{32})-(\w{16})-01$/.exec(String(get(carrier, "traceparent"))) ?? []
    if (!traceId || !spanId) return around
    const [name = "", value = ""] = String(get(carrier, "baggage")).split("=")
    const inside = propagation.setBaggage(around, propagation.createBaggage({ [name]: { value } }))
    return trace.setSpanContext(inside, { traceId, spanId, traceFlags: 1, isRemote: true })
  },
  fields: () => ["traceparent", "baggage"],
}

function contexts(): ContextManager {
  const current = new AsyncLocalStorage<Context>()
  const manager: ContextManager = {
    active: () => current.getStore() ?? ROOT_CONTEXT,
    with: (around, run, self, ...args) =>
      current.run(around, () => run.call(self as ThisParameterType<typeof run>, ...args)),
    bind: () => never("bind"),
    enable: () => manager,
    disable: () => manager,
  }
  return manager
}

function never(what: string): never {
  throw new Error(`${what} is not used`)
}
