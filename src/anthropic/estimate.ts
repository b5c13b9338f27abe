/**
 * How many tokens a text takes, without a vocabulary: it is cut as today's tokenizers cut it before they look anything
 * up, and each piece weighs what pieces of its kind and length weigh on average.
 *
 * The cuts are those of OpenAI's o200k_base (`pat_str` in tiktoken_ext/openai_public.py), which Llama 3, Qwen and
 * DeepSeek share in the main: a word takes the blank or the one mark before it, three digits go together, a line break
 * goes with the marks before it, an indentation is one piece. The weights are means of o200k_base and Llama 3 over prose,
 * code, JSON and tool schemas; those of other scripts lie between o200k_base, Llama 3, Qwen 3 and DeepSeek V3.
 */

/** Tokens of a text, a fraction; in time that grows with its length alone, whatever it consists of. */
export function estimateTokens(text: string): number {
  let sum = 0
  let lead = NOTHING
  for (let at = 0, end = 0; at < text.length; at = end) {
    const kind = kindAt(text, at)
    const before = lead
    lead = NOTHING
    if (kind === LOWER || kind === UPPER) {
      const small = endOf(text, at, UPPER)
      end = endOf(text, small, LOWER)
      sum += wordTokens(small - at, end - small, before)
    } else if (kind === DIGIT) {
      end = endOf(text, at, DIGIT)
      sum += Math.ceil((end - at) / 3) + (before === BLANK ? 1 : 0) // no number takes the blank before it
    } else if (kind === MARK) {
      end = endOf(text, at, MARK)
      const next = kindAt(text, end)
      if (end - at === 1 && before === NOTHING && (next === LOWER || next === UPPER)) {
        lead = text.charCodeAt(at) === 39 && kindAt(text, at - 1) === LOWER ? APOSTROPHE : MARK
      } else {
        sum += markTokens(text, at, end)
        end = endOf(text, end, BREAK)
      }
    } else if (kind === BLANK || kind === BREAK) {
      const line = endOfBreaks(text, at)
      end = endOf(text, line, BLANK)
      if (line > at) sum += 1 + (line - at - 1) / 64
      if (end - line > 1) sum += 1 + (end - line) / 80
      if (end > line) lead = BLANK // the last one goes with what follows
    } else {
      end = at + 1
      const code = text.charCodeAt(at)
      sum += code === text.charCodeAt(at - 1) ? REPEATED : scriptTokens(code)
    }
  }
  return sum
}

/** Kinds of characters, and of what stands right before a piece. */
const NOTHING = 0
const LOWER = 1
const UPPER = 2
const DIGIT = 3
const BLANK = 4
const BREAK = 5
const MARK = 6
const BEYOND = 7 // ASCII
const APOSTROPHE = 8 // in the middle of a word

const ASCII = Uint8Array.from({ length: 128 }, (_, code) => {
  const char = String.fromCharCode(code)
  if (/[a-z]/.test(char)) return LOWER
  if (/[A-Z]/.test(char)) return UPPER
  if (/[0-9]/.test(char)) return DIGIT
  if (/[\r\n]/.test(char)) return BREAK
  return /\s/.test(char) ? BLANK : MARK
})

function kindAt(text: string, at: number): number {
  const code = text.charCodeAt(at) // NaN behind the end
  return code < 128 ? (ASCII[code] ?? NOTHING) : code >= 128 ? BEYOND : NOTHING
}

function endOf(text: string, from: number, kind: number): number {
  let at = from
  while (kindAt(text, at) === kind) at++
  return at
}

/** Behind the last line break of the white space that begins here; where it begins when there is none. */
function endOfBreaks(text: string, from: number): number {
  let end = from
  for (let at = from; ; at++) {
    const kind = kindAt(text, at)
    if (kind === BREAK) end = at + 1
    else if (kind !== BLANK) return end
  }
}

/** So many capitals, so many small letters behind them. Vocabularies hold most words, better so with a blank in front. */
function wordTokens(capitals: number, small: number, lead: number): number {
  const length = capitals + small
  if (lead === APOSTROPHE && length <= 2) return 0.3 // don't, we're: often one piece with what stands before
  const alone = lead === BLANK ? 0 : lead === NOTHING ? 0.1 : 0.18
  if (capitals === 0) return lengthTokens(length) + alone
  if (small > 0 && capitals === 1) return lengthTokens(length) + 1.5 * alone
  if (small > 0) return 1.1 + 0.2 * capitals + lengthTokens(small) * 0.5
  if (length === 1) return 1 + alone
  return (length > 16 ? 0.45 * length : 0.8 + 0.2 * length) + alone
}

function lengthTokens(length: number): number {
  if (length <= 7) return 1
  if (length <= 12) return 1 + 0.06 * (length - 7)
  return length <= 24 ? 1.3 + 0.25 * (length - 12) : length / 5.5
}

/** Punctuation: pairs and threes are often one token, a line drawn with one sign is. */
function markTokens(text: string, from: number, end: number): number {
  const length = end - from
  if (length <= 2) return 1
  if (length === 3) return 1.15
  const first = text.charCodeAt(from)
  for (let at = from + 1; at < end; at++) if (text.charCodeAt(at) !== first) return 0.4 * length
  return 1 + length / 64
}

/** The same character beyond ASCII again, as in a line of a table. */
const REPEATED = 0.1

/** A character beyond ASCII. Where the vocabularies differ most: Greek and Hindi by three. */
function scriptTokens(code: number): number {
  if (code < 0x100) return 0.5 // é, ü: between two halves of a word
  if (code < 0x250) return 0.9 // ł, ş
  if (code < 0x400) return 0.42 // Greek
  if (code < 0x530) return 0.28 // Cyrillic
  if (code < 0x700) return 0.42 // Hebrew, Arabic
  if (code < 0x1e00) return 0.5 // India, Thai and their neighbours
  if (code < 0x2000) return 0.3 // Vietnamese
  if (code < 0x3000) return 0.9 // dashes, quotes, arrows, boxes
  if (code < 0x3040) return 0.8 // 、。「」
  if (code < 0x3400) return 0.6 // kana
  if (code < 0xa000) return 0.66 // Chinese characters
  if (code < 0xd800) return 0.77 // Hangul
  return code < 0xe000 ? 1.1 : 0.8 // half of an emoji; full-width forms
}
