/**
 * Makes docs/config.schema.json, by which editors complete and check config.yaml: `npm run schema`.
 */
import { writeFile } from "node:fs/promises"
import { toJsonSchema } from "@valibot/to-json-schema"
import { ConfigSchema } from "../config/schema.ts"

export const SCHEMA_FILE = new URL("../../docs/config.schema.json", import.meta.url)

/** The text of the file. */
export function toSchemaText(): string {
  const schema = toJsonSchema(ConfigSchema, { typeMode: "input", errorMode: "ignore" })
  return `${JSON.stringify(withVariables(schema), null, 2)}\n`
}

/** Where a number or a truth value belongs, an unquoted `${VAR}` may stand; to an editor that is text. */
function withVariables(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(withVariables)
  if (typeof node !== "object" || node === null) return node
  if ("type" in node && (node.type === "number" || node.type === "integer" || node.type === "boolean")) {
    const { description, ...rest } = node as { readonly description?: string }
    return { ...(description !== undefined && { description }), anyOf: [rest, { type: "string", pattern: "\\$\\{" }] }
  }
  return Object.fromEntries(Object.entries(node).map(([key, value]) => [key, withVariables(value)]))
}

if (import.meta.main) await writeFile(SCHEMA_FILE, toSchemaText())
