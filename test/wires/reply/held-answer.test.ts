import { describe, expect, test } from "vitest"
import { call, chunk, DONE, finish, outline, replyTo, type Setting } from "../chat/_reply.ts"
import { args, argsDone, begin, completed, delta, replyTo as replyToResponses } from "../responses/_reply.ts"

const format = { type: "json_schema" as const, schema: { type: "object", properties: { n: { type: "number" } } } }
const held = (flags: Setting["flags"], request: Setting["request"] = {}): Setting => ({
  request: { output_config: { format }, ...request },
  flags,
})
const WRONG = 'api_error: backend "b" did not answer with the JSON object it was asked for'

describe("an answer that is the input of a tool", () => {
  const byCall = held({ json_schema: false })
  const pieces = [call(0, "c1", "answer", '{"n":'), call(0, "", "", "1}")]

  test("is text when the input is complete, and no call", () => {
    const replied = replyTo([chunk("Here it is:"), ...pieces, finish("tool_calls"), DONE], byCall)
    expect(outline(replied)).toEqual(['text {"n":1}', "end_turn"])
    expect(replied.lists.slice(0, 4)).toEqual([[], [], [], []])
    expect(replied.notes).toEqual(["the backend told no token counts for claude-x; they are guessed"])
  })

  test("comes behind thinking, which is told as it comes", () => {
    const setting = held({ json_schema: false }, { thinking: { type: "adaptive" } })
    const replied = replyTo([chunk({ reasoning: "Hm." }), ...pieces, finish("stop"), DONE], setting)
    expect(outline(replied)).toEqual(["thinking Hm.", 'text {"n":1}', "end_turn"])
    expect(replied.lists[0]).not.toEqual([])
  })

  test("may be said in words, as long as they are the object", () => {
    expect(outline(replyTo([chunk('{"n":'), chunk("2}"), finish(), DONE], byCall))).toEqual(['text {"n":2}', "end_turn"])
  })

  test("is taken from its first call alone", () => {
    const second = call(1, "c2", "answer", '{"n":2}')
    expect(outline(replyTo([...pieces, second, finish(), DONE], byCall))).toEqual(['text {"n":1}', "end_turn"])
  })

  test.each<[string, Parameters<typeof replyTo>[0]]>([
    ["words", [chunk("One.")]],
    ["nothing", []],
    ["a list", [call(0, "c1", "answer", "[1]")]],
    ["half an object", [call(0, "c1", "answer", '{"n":')]],
    ["another call", [call(0, "c1", "other", '{"n":1}')]],
  ])("fails when it is %s", (_, said) => {
    expect(outline(replyTo([...said, finish(), DONE], byCall))).toEqual([WRONG])
  })

  test("is what there is of it where max_tokens cut it off", () => {
    const replied = replyTo([call(0, "c1", "answer", '{"n":'), finish("length"), DONE], byCall)
    expect(outline(replied)).toEqual(['text {"n":', "max_tokens"])
  })

  test("may be refused in words", () => {
    expect(outline(replyTo([chunk({ refusal: "No." }), finish(), DONE], byCall))).toEqual(["text No.", "refusal"])
  })

  test("is cut at a stop sequence like any other", () => {
    const setting = held({ json_schema: false }, { stop_sequences: ["1"] })
    expect(outline(replyTo([...pieces, finish(), DONE], setting))).toEqual(['text {"n":', "stop_sequence"])
  })

  test("is the same over the Responses API", () => {
    const events = [begin(0, "answer"), args('{"n":', 0), args("1}", 0), argsDone('{"n":1}', 0), completed()]
    expect(outline(replyToResponses(events, byCall))).toEqual(['text {"n":1}', "end_turn"])
  })
})

describe("an answer that should be an object", () => {
  const byObject = held({ json_schema: false, json_object: true })
  const whole = held({ json_schema: false, json_object: true }, { stream: false })
  const note = "the backend did not answer with the JSON object it was asked for"
  const told = (setting: Setting, ...items: Parameters<typeof replyTo>[0]) => {
    const replied = replyTo([...items, DONE], setting)
    return [outline(replied), replied.notes.filter((text) => text === note)]
  }

  test("streams on, and is noted when it is none", () => {
    expect(told(byObject, chunk('{"n":'), chunk("1}"), finish())).toEqual([['text {"n":1}', "end_turn"], []])
    expect(told(byObject, chunk("One."), finish())).toEqual([["text One.", "end_turn"], [note]])
    expect(replyTo([chunk("One.")], byObject).lists[0]).not.toEqual([])
  })

  test("is told without the fence that models put around it (genkit#4613, GLM-4#445)", () => {
    const fenced = [chunk("\n``"), chunk("`json\n{"), chunk('"n":1}\n'), chunk("```\n"), finish()]
    for (const setting of [byObject, whole]) expect(told(setting, ...fenced)).toEqual([['text {"n":1}', "end_turn"], []])
    const byCall = held({ json_schema: false })
    expect(told(byCall, ...fenced)).toEqual([['text {"n":1}', "end_turn"], []])
  })

  test("stays as it is in a fence where it is no object, is cut off, or a call follows", () => {
    expect(told(byObject, chunk("```js\n"), chunk("1\n```"), finish())).toEqual([["text ```js\n1\n```", "end_turn"], [note]])
    expect(told(whole, chunk('```json\n{"n":'), finish("length"))).toEqual([['text ```json\n{"n":', "max_tokens"], []])
    const called = [chunk("`f` it is."), call(0, "c", "f", "{}"), chunk("`"), finish("tool_calls")]
    expect(told(byObject, ...called)).toEqual([["text `f` it is.", "f {}", "text `", "tool_use"], []])
  })

  test("fails whole when it is none", () => {
    expect(told(whole, chunk('{"n":1}'), finish())).toEqual([['text {"n":1}', "end_turn"], []])
    expect(told(whole, chunk("One."), finish())).toEqual([["text One.", WRONG], []])
  })

  test.each<[string, Setting, readonly string[], Parameters<typeof replyTo>[0]]>([
    [
      "a call stands in its place",
      whole,
      ["text Wait.", 'f {"x":1}', "tool_use"],
      [chunk("Wait."), call(0, "c1", "f", '{"x":1}'), finish()],
    ],
    ["it was refused", whole, ["text No.", "refusal"], [chunk({ refusal: "No." }), finish()]],
    ["it was cut off", whole, ['text {"n":', "max_tokens"], [chunk('{"n":'), finish("length")]],
    [
      "a stop sequence cut it",
      held({ json_schema: false, json_object: true }, { stream: false, stop_sequences: ["1"] }),
      ['text {"n":', "stop_sequence"],
      [chunk('{"n":1}'), finish()],
    ],
  ])("may be none where %s", (_, setting, expected, items) => {
    expect(told(setting, ...items)).toEqual([expected, []])
  })

  test("over the Responses API is asked for and checked alike", () => {
    expect(outline(replyToResponses([delta("One."), completed()], whole))).toEqual(["text One.", WRONG])
  })
})

test("an answer held to a schema by the backend itself is not looked at", () => {
  expect(outline(replyTo([chunk("One."), finish(), DONE], held({}, { stream: false })))).toEqual(["text One.", "end_turn"])
})
