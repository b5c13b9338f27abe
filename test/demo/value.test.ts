/** What the demo backend calls tools with. */
import { describe, expect, it } from "vitest"
import { demoValue } from "../../src/demo/value.ts"

describe("what it calls with", () => {
  it.each<[string, unknown, unknown]>([
    ["numbers are 0 or the least allowed", { type: "integer", minimum: 3 }, 3],
    ["an exclusive least is passed", { type: "integer", exclusiveMinimum: 0 }, 1],
    ["a negative most is kept", { type: "number", maximum: -2 }, -2],
    ["a multiple is met", { type: "integer", minimum: 3, multipleOf: 5 }, 5],
    ["booleans are false", { type: "boolean" }, false],
    ["const wins", { const: "k", type: "string" }, "k"],
    ["the first of an enum", { enum: ["a", "b"] }, "a"],
    ["a default inside its enum", { enum: ["a", "b"], default: "b" }, "b"],
    ["an example", { type: "string", examples: ["e"] }, "e"],
    ["arrays are empty", { type: "array", items: { type: "string" } }, []],
    ["arrays have what they must", { type: "array", items: { type: "string" }, minItems: 2 }, ["demo", "demo"]],
    ["a nullable string is a string", { type: ["null", "string"] }, "demo"],
    ["a format is met", { type: "string", format: "date-time" }, "1970-01-01T00:00:00Z"],
    ["lengths are met", { type: "string", minLength: 6 }, "demooo"],
    ["no schema at all", null, "demo"],
    ["a list for a schema", [], "demo"],
    ["the first alternative", { anyOf: [{ type: "boolean" }, { type: "string" }] }, false],
  ])("%s", (_, schema, value) => {
    expect(demoValue(schema)).toEqual(value)
  })

  it("references, nesting and allOf are followed; optional properties are left out", () => {
    const schema = {
      type: "object",
      required: ["place", "both", "undescribed"],
      properties: {
        place: { $ref: "#/$defs/a~1place" },
        both: {
          allOf: [
            { properties: { x: { type: "number" } }, required: ["x"] },
            { properties: { y: { type: "boolean" } }, required: ["y"] },
          ],
        },
        spare: { type: "string" },
      },
      $defs: { "a/place": { type: "object", properties: { city: { type: "string" } }, required: ["city"] } },
    }
    expect(demoValue(schema)).toEqual({ place: { city: "demo" }, both: { x: 0, y: false }, undescribed: "demo" })
  })

  it("what is acted upon does nothing, whatever the schema suggests", () => {
    const text = { type: "string", default: "rm -rf build", examples: ["/etc/passwd"] }
    const names = ["command", "shellCommand", "file_path", "notebookPath", "paths", "url", "profile"]
    const properties = Object.fromEntries(names.map((name) => [name, text]))
    expect(demoValue({ type: "object", properties, required: names })).toEqual({
      command: "true",
      shellCommand: "true",
      file_path: "/nonexistent/demo",
      notebookPath: "/nonexistent/demo",
      paths: "/nonexistent/demo",
      url: "https://demo.invalid/",
      profile: "rm -rf build",
    })
  })

  it("schemas that contain themselves, or lead nowhere, end", () => {
    const self = { type: "object", properties: { child: { $ref: "#" } }, required: ["child"] }
    expect(JSON.stringify(demoValue(self))).toBe(`${'{"child":'.repeat(9)}null${"}".repeat(9)}`)
    expect(demoValue({ $ref: "#" })).toBe("demo")
    expect(demoValue({ $ref: "#/$defs/absent" })).toBe("demo")
    expect(demoValue({ $ref: "https://example.com/schema" })).toBe("demo")
    const bush = { $ref: "#/$defs/n", $defs: { n: { type: "array", minItems: 1e9, items: { $ref: "#/$defs/n" } } } }
    expect(JSON.stringify(demoValue(bush)).length).toBeLessThan(20_000)
    const twins = { allOf: Array.from({ length: 300 }, () => ({ $ref: "#" })), type: "boolean" }
    expect(demoValue(twins)).toBe(false)
  })

  it("a property named like a prototype's is an ordinary one", () => {
    const value = demoValue({ type: "object", required: ["__proto__", "constructor"] })
    expect(JSON.stringify(value)).toBe('{"__proto__":"demo","constructor":"demo"}')
  })
})
