/**
 * log: one line for each request, when its answer is over.
 *
 * ```yaml
 * plugins:
 *   - log
 *   # or, with options:
 *   - log: { prompts: true }
 * ```
 *
 * ```
 * 2026-11-23T12:00:00.000Z info  answered request=req_… plugin=log client=default model=claude-sonnet-4-5
 *   backend=ollama as=llama3.2 stop=end_turn input=412 output=96 ms=2140 first_ms=310
 * ```
 *
 * Requests that are refused or that fail have a line too, with the error. Prompts and answers are shown only when
 * `prompts` asks for them.
 */
import { definePlugin, defineStage, onMessage, printable, ProxyError, tap, v, type Fields } from "llm-proxy"

const Options = v.strictObject({
  /** Show the last message of the client and the text of the answer, cut at 500 characters. @default false */
  prompts: v.optional(v.boolean(), false),
})

export default definePlugin({
  name: "log",
  options: Options,
  setup({ prompts }, { log }) {
    /** Which backend answered in the end: known only further down the line. */
    const targets = new WeakMap<Request, Fields>()
    const cut = (value: unknown): string => (typeof value === "string" ? value : JSON.stringify(value)).slice(0, 500)

    return [
      // Outermost: refusals by auth and parse pass here as well, and no others are told here.
      defineStage({
        name: "log",
        before: "auth",
        async run(context, next) {
          try {
            return await next(context)
          } catch (thrown) {
            if (!targets.has(context.req)) log.warn("refused", { request: context.id, error: String(thrown) })
            throw thrown
          }
        },
      }),
      defineStage({
        name: "log",
        before: "route",
        async run(context, next) {
          const began = performance.now()
          const since = (): number => Math.round(performance.now() - began)
          const { id: request, client, request: asked, req } = context
          const about = { request, client: client.name, model: printable(asked.model) }
          targets.set(req, {})
          let first: number | undefined
          try {
            const reply = await next(context)
            return reply
              .pipeThrough(tap(({ type }) => void (type === "content_block_start" && (first ??= since()))))
              .pipeThrough(
                onMessage(({ message, error }) => {
                  const { input_tokens, output_tokens, cache_read_input_tokens } = message.usage
                  log[error ? "warn" : "info"](error ? "broke off" : "answered", {
                    ...about,
                    ...targets.get(req),
                    stop: message.stop_reason ?? undefined,
                    error: error?.message,
                    input: input_tokens,
                    cached: cache_read_input_tokens || undefined,
                    output: output_tokens,
                    ms: since(),
                    first_ms: first,
                    ...(prompts && { asked: cut(asked.messages.at(-1)?.content ?? ""), said: cut(message.content) }),
                  })
                }),
              )
          } catch (thrown) {
            const status = thrown instanceof ProxyError ? thrown.status : 500
            log.warn("failed", { ...about, ...targets.get(req), status, error: String(thrown), ms: since() })
            throw thrown
          }
        },
      }),
      defineStage({
        name: "log",
        before: "toOpenAI",
        run(context, next) {
          targets.set(context.req, { backend: context.target.backend.name, as: context.target.model })
          return next(context)
        },
      }),
    ]
  },
})
