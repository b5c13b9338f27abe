/** A config as the text of a config.yaml that people go on writing. */
import { Document, isMap } from "yaml"
import type { Config } from "../../config/config.ts"

/** A part of the file: what it is for, and its options. */
export interface Section {
  /** Lines without `#`. */
  readonly comment: string
  /** One or more of the config's own sections. */
  readonly part: Partial<Config>
}

/** Each model stands in one line; everything else is written out. */
export function toConfigText(head: string, sections: readonly Section[]): string {
  const parts = sections.map(({ comment, part }) => `${toComment(comment)}${toYaml(part)}`)
  return [toComment(head), ...parts].join("\n")
}

/** A value that is no variable's: `$` would be taken for the beginning of one. */
export function literal(text: string): string {
  return text.split("$").join("$$")
}

function toComment(text: string): string {
  return text === "" ? "" : text.split("\n").map((line) => `# ${line}`.trimEnd() + "\n").join("")
}

function toYaml(part: Partial<Config>): string {
  if (Object.keys(part).length === 0) return ""
  const document = new Document(part, { aliasDuplicateObjects: false })
  const models = document.get("models")
  if (isMap(models)) for (const { value } of models.items) if (isMap(value)) value.flow = true
  return document.toString({ lineWidth: 0 })
}
