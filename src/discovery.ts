/**
 * Claude Code's model discovery keeps only ids with `claude` or `anthropic` in them (2.1.330, measured). Other models
 * are listed to it as `anthropic/NAME`, and can be asked for by that.
 */

const PREFIX = "anthropic/"

/** Whether a client is Claude Code looking for models. */
export function discovers(req: Request): boolean {
  return req.headers.get("user-agent")?.startsWith("claude-code/") === true
}

/** The id under which a model is kept there. */
export function toDiscovered(name: string): string {
  return /claude|anthropic/i.test(name) ? name : PREFIX + name
}

/** The name in the config that a client means; one that is in the config itself means itself. */
export function fromDiscovered(model: string, names: ReadonlySet<string>): string {
  if (!model.startsWith(PREFIX) || names.has(model)) return model
  const rest = model.slice(PREFIX.length)
  // `anthropic/claude-…` is OpenRouter's own name for a model and may be meant for a pattern.
  return names.has(rest) && toDiscovered(rest) === model ? rest : model
}
