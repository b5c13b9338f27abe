/**
 * The fields of a request beside its messages, as a schema. The messages themselves are `blocks.ts`: there are
 * hundreds of blocks in a request and few of anything else, and valibot copies each object it looks at.
 *
 * Only the first fault matters. What valibot gives back is thrown away, because it drops keys such as `constructor`,
 * which tools and their schemas may well have; the caller goes on with the object that came in.
 */
import * as v from "valibot"
import { badRequest } from "../error.ts"
import { EFFORTS, isFields, WORDS, type Fields, type Look } from "./fields.ts"

/** @throws {ProxyError} 400 at the first field that `POST /v1/messages` would not take. Blocks are not looked at. */
export function checkMessageFields(body: Fields, look: Look): void {
  check(MESSAGE_REQUEST[look], body)
}

/** @throws {ProxyError} 400 likewise, for a request to be counted: `max_tokens` is no part of it. */
export function checkCountFields(body: Fields, look: Look): void {
  check(COUNT_REQUEST[look], body)
}

function check(schema: v.GenericSchema, body: Fields): void {
  const { issues } = v.safeParse(schema, body, { abortEarly: true })
  const first = issues?.[0]
  if (first) throw badRequest(v.getDotPath(first) ?? "", first.message)
}

const NOT_OBJECT = v.never(WORDS.object)

/** Told by hand, because valibot takes a list for an object. Fields that are not named pass. */
function object(entries: v.ObjectEntries): v.GenericSchema {
  const known = v.looseObject(entries, WORDS.required)
  return v.lazy((input) => (isFields(input) ? known : NOT_OBJECT))
}

/** An object with a `type`, whose other fields depend on it. */
function byType(choose: (type: unknown) => v.GenericSchema): v.GenericSchema {
  return v.lazy((input) => (isFields(input) ? choose(input["type"]) : NOT_OBJECT))
}

function integer(least: number): v.GenericSchema {
  return v.pipe(
    v.number(WORDS.integer),
    v.safeInteger(WORDS.integer),
    v.minValue(least, `Input should be greater than or equal to ${least}`),
  )
}

function oneOf(names: readonly string[]): v.GenericSchema {
  return v.picklist(names, WORDS.oneOf(names))
}

const string = v.string(WORDS.string)
const number = v.number(WORDS.number)
const name = v.pipe(string, v.nonEmpty(WORDS.empty))
const boolean = v.boolean(WORDS.boolean)
const fraction = v.pipe(
  number,
  v.minValue(0, "Input should be greater than or equal to 0"),
  v.maxValue(1, "Input should be less than or equal to 1"),
)
const list = v.custom<readonly unknown[]>(Array.isArray, WORDS.list)
const jsonObject = v.custom<Fields>(isFields, WORDS.object)

/** The API's own limit, from the SDK's types. */
const MESSAGES_MAX = 100_000

const MESSAGES = v.pipe(
  list,
  v.check((items) => items.length > 0, "at least one message is required"),
  v.check((items) => items.length <= MESSAGES_MAX, `List should have at most ${MESSAGES_MAX} items`),
)

const STOP_SEQUENCES = v.pipe(
  v.array(string, WORDS.list),
  v.check((items) => items.every((text) => /\S/.test(text)), "each stop sequence must contain non-whitespace"),
)

/** Anthropic's limit; a backend's own is narrower and names are fitted to it (home-assistant/core#147760). */
const TOOL_NAME = /^[a-zA-Z0-9_-]{1,128}$/

const TOOL_EXTRAS = {
  description: v.nullish(string),
  strict: v.nullish(boolean),
  input_examples: v.nullish(v.array(v.unknown(), WORDS.list)),
  eager_input_streaming: v.nullish(boolean),
}
const CUSTOM_TOOL = object({
  name: v.pipe(string, v.regex(TOOL_NAME, `String should match pattern '${TOOL_NAME.source}'`)),
  input_schema: object({ type: v.literal("object", WORDS.oneOf(["object"])) }),
  ...TOOL_EXTRAS,
})
/** Toolset entries have no name, and Anthropic's own tools no schema. */
const TYPED_TOOL = object({ type: string, name: v.optional(string) })
const TOOL = {
  open: object({
    type: v.nullish(string),
    name: v.optional(string),
    input_schema: v.nullish(jsonObject),
    ...TOOL_EXTRAS,
  }),
  closed: byType((type) => (type === undefined || type === null || type === "custom" ? CUSTOM_TOOL : TYPED_TOOL)),
}

const SYSTEM_BLOCK = {
  open: object({ type: string }), // as blocks are looked at, that is told by `blocks.ts`
  closed: object({ type: v.literal("text", WORDS.oneOf(["text"])), text: string }),
}

const PARALLEL = { disable_parallel_tool_use: v.optional(boolean) }
const CHOICE_TYPE = { type: oneOf(["auto", "any", "tool", "none"]), ...PARALLEL }
const NAMED_CHOICE = object({ ...CHOICE_TYPE, name })
const CHOICE = object(CHOICE_TYPE)
const TOOL_CHOICE = {
  open: object({ type: string, name: v.nullish(string), ...PARALLEL }),
  closed: byType((type) => (type === "tool" ? NAMED_CHOICE : CHOICE)),
}

const BUDGET_THINKING = object({ budget_tokens: integer(1024) })
const OTHER_THINKING = object({ type: oneOf(["enabled", "disabled", "adaptive", "between_tools"]) })
const THINKING = {
  open: object({ type: string, budget_tokens: v.nullish(number) }),
  closed: byType((type) => (type === "enabled" ? BUDGET_THINKING : OTHER_THINKING)),
}

const FORMAT = {
  open: object({ type: string, schema: v.nullish(jsonObject) }),
  closed: object({ type: v.literal("json_schema", WORDS.oneOf(["json_schema"])), schema: jsonObject }),
}

function common(look: Look): v.ObjectEntries {
  const closed = look === "closed"
  const texts = v.array(SYSTEM_BLOCK[look], WORDS.list)
  return {
    messages: closed ? MESSAGES : list,
    system: v.nullish(v.lazy((input) => (typeof input === "string" ? string : texts))),
    stream: v.nullish(boolean),
    stop_sequences: v.nullish(closed ? STOP_SEQUENCES : v.array(string, WORDS.list)),
    temperature: v.nullish(closed ? fraction : number),
    top_p: v.nullish(closed ? fraction : number),
    top_k: v.nullish(closed ? integer(0) : number),
    tools: v.nullish(v.array(TOOL[look], WORDS.list)),
    tool_choice: v.nullish(TOOL_CHOICE[look]),
    thinking: v.nullish(THINKING[look]),
    metadata: v.nullish(object({ user_id: v.nullish(string) })),
    output_config: v.nullish(
      object({ effort: v.nullish(closed ? oneOf(EFFORTS) : string), format: v.nullish(FORMAT[look]) }),
    ),
    output_format: v.nullish(FORMAT[look]),
  }
}

const COUNT_FIELDS = { open: common("open"), closed: common("closed") }
const COUNT_REQUEST = {
  open: object({ model: name, ...COUNT_FIELDS.open }),
  closed: object({ model: name, ...COUNT_FIELDS.closed }),
}

/** `max_tokens: 0` is legal: the SDK's types have it for warming a cache. */
const MESSAGE_FIELDS = { model: name, max_tokens: integer(0) }
const MESSAGE_REQUEST = {
  open: object({ ...MESSAGE_FIELDS, ...COUNT_FIELDS.open }),
  closed: object({ ...MESSAGE_FIELDS, ...COUNT_FIELDS.closed }),
}
