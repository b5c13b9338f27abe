/** The JSON schema an answer is held to. */
import type { JsonSchema, MessageRequest } from "../../anthropic/types.ts"
import { badRequest } from "../../error.ts"
import { fitSchema } from "./schema.ts"
import type { Scope } from "./scope.ts"
import { fitsStrict } from "./strict.ts"

export interface OutputSchema {
  readonly name: string
  readonly schema: unknown
  readonly strict: boolean
}

/** The schema as the client wrote it. */
export function schemaOf({ output_config, output_format }: MessageRequest): JsonSchema | undefined {
  return (output_config?.format ?? output_format)?.schema
}

/** @throws {ProxyError} 400 when the backend takes no schema: an answer of another form would break the client. */
export function toOutputSchema(request: MessageRequest, scope: Scope): OutputSchema | undefined {
  const asked = schemaOf(request)
  if (!asked) return undefined
  if (!scope.profile.json_schema) {
    throw badRequest("output_config.format", "this backend cannot be held to a JSON schema")
  }
  const schema = fitSchema(asked, scope)
  return { name: "response", schema, strict: fitsStrict(schema) }
}
