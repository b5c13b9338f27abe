/**
 * Log lines: `time level message key=value …`, one line each. The sink is given (standard error, a file), configured
 * keys are masked in every line, control characters are escaped and long values are cut.
 */
import { formsOf } from "./text/secret-forms.ts"

/** Least severe first; `silent` shows nothing. */
export const LEVELS = ["trace", "debug", "info", "warn", "error", "silent"] as const
export type Level = (typeof LEVELS)[number]

/** Facts of a line. Undefined ones are left out. */
export type Fields = Readonly<Record<string, string | number | boolean | undefined>>

export interface Log {
  trace(message: string, fields?: Fields): void
  debug(message: string, fields?: Fields): void
  info(message: string, fields?: Fields): void
  warn(message: string, fields?: Fields): void
  error(message: string, fields?: Fields): void
  /**
   * A line of another form, JSON say, without time, level and facts of this log's own. Keys are masked and control
   * characters escaped as in every line; it is never cut. Colours (`\u001b[32m`) stay where `colour` says they show.
   */
  line(level: Exclude<Level, "silent">, text: string): void
  /** A log whose lines all carry these facts too. */
  with(fields: Fields): Log
  /** Whether lines of this level are shown: ask before making something dear only to log it. */
  shows(level: Level): boolean
}

export interface LogOptions {
  /** @default "info" */
  readonly level?: Level
  /** Where lines go, without a line break. */
  readonly write: (line: string) => void
  /** Takes configured keys out of a text. */
  readonly mask: (text: string) => string
  /** Whether lines go where colours show. @default false */
  readonly colour?: boolean
}

export function createLog({ level = "info", write, mask, colour = false }: LogOptions): Log {
  const least = LEVELS.indexOf(level)
  const at = (context: Fields): Log => {
    const tell = (name: Level, message: string, fields?: Fields): void => {
      if (LEVELS.indexOf(name) < least) return
      let text = `${new Date().toISOString()} ${name.padEnd(5)} ${message}`
      for (const [key, value] of Object.entries({ ...context, ...fields })) {
        if (value !== undefined) text += ` ${key}=${typeof value === "string" ? quote(mask(value)) : value}`
      }
      write(printable(mask(text), 4000)) // masked before it is cut, and each value before it is quoted
    }
    return {
      trace: (message, fields) => tell("trace", message, fields),
      debug: (message, fields) => tell("debug", message, fields),
      info: (message, fields) => tell("info", message, fields),
      warn: (message, fields) => tell("warn", message, fields),
      error: (message, fields) => tell("error", message, fields),
      line(name, text) {
        if (LEVELS.indexOf(name) < least) return
        const masked = mask(text)
        const parts = colour ? masked.split(COLOURS) : [withoutColours(masked)]
        write(parts.map((part, n) => (n % 2 === 0 ? printable(part, Infinity) : part)).join(""))
      },
      with: (fields) => at({ ...context, ...fields }),
      shows: (name) => LEVELS.indexOf(name) >= least,
    }
  }
  return at({})
}

/** Shows nothing: for embedding without a log, and for tests. */
export const SILENT: Log = createLog({ level: "silent", write: () => {}, mask: (text) => text })

/** ANSI's sequences for colours. By the group, `split` keeps them as every second part. */
// eslint-disable-next-line no-control-regex -- they begin with one
const COLOURS = /(\u001b\[[\d;]*m)/g

/** A line for where colours do not show. */
export function withoutColours(line: string): string {
  return line.replaceAll(COLOURS, "")
}

/**
 * A text from outside made fit for one line: at most `max` characters (200 for names that clients choose), control
 * characters escaped, so that nobody can forge a line or drown the log.
 */
export function printable(text: string, max = 200): string {
  const cut = text.length > max ? `${text.slice(0, max)}…` : text
  // eslint-disable-next-line no-control-regex -- these are the characters to escape
  return cut.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`)
}

/**
 * A text of several lines as one, for words that people read: validators and compilers write lists, in which an escaped
 * line break helps nobody. Tabs and line breaks, with what is blank behind them, become one blank.
 */
export function inOneLine(text: string): string {
  return text.replace(/[\t-\r\u0085\u2028\u2029]\s*/g, " ").trim()
}

/**
 * Takes secrets out of a text, also where they are encoded. Longer ones go first, so that a key that contains another
 * leaves nothing of itself; a short one is taken for a key only where it stands alone, or `k1` would eat half of every
 * `token1`.
 */
export function createMask(secrets: Iterable<string>): (text: string) => string {
  const known = [...new Set(secrets)].filter((secret) => secret.length > 0).sort((a, b) => b.length - a.length)
  if (known.length === 0) return (text) => text
  const forms = known.flatMap((secret) => {
    const alone = (form: string): string => (secret.length < 8 ? `(?<![\\w-])${form}(?![\\w-])` : form)
    return formsOf(secret).map(alone)
  })
  const pattern = new RegExp(forms.join("|"), "g")
  return (text) => text.replace(pattern, "[key]")
}

function quote(value: string): string {
  return /^[\w./:@*+-]+$/.test(value) ? value : JSON.stringify(value)
}
