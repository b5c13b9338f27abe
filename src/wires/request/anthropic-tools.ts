/**
 * Tools of Anthropic's that come without a schema. Those the client itself runs become functions with the schema
 * below, or one function for each member of a toolset; the model at the backend was not trained on them, so they are
 * described. The others need Anthropic's servers.
 *
 * Source: Anthropic's pages of the bash, text editor and memory tools; memory's commands are typed in
 * `@anthropic-ai/sdk` 1.12.0.
 */
import type { JsonSchema } from "../../anthropic/types.ts"
import { BROWSER } from "./toolsets/browser.ts"
import { COMPUTER } from "./toolsets/computer.ts"
import type { Toolset } from "./toolsets/schemas.ts"

/** What becomes of a tool type. */
export type ToolKind =
  | { readonly kind: "function"; readonly description: string; readonly parameters: JsonSchema }
  /** A function whose schema depends on what the entry says. */
  | { readonly kind: "computer" }
  | { readonly kind: "toolset"; readonly toolset: Toolset }
  /** Not needed: all tools are sent from the start, so none has to be searched for. */
  | { readonly kind: "search" }
  | { readonly kind: "server" }
  | { readonly kind: "refused"; readonly why: string }

/** Looks a type up; undefined for a type nobody here knows. Dated versions of one tool begin alike. */
export function toolKind(type: string): ToolKind | undefined {
  return KINDS.find(([beginning]) => type.startsWith(beginning))?.[1]
}

const text = (description: string): JsonSchema => ({ type: "string", description })
const PATH = text("Absolute path of the file or directory.")
const FILE_TEXT = text("For create: the content of the file.")
const OLD_STR = text("For str_replace: the text to replace; it must occur exactly once.")
const INSERT_TEXT = text("For insert: the text to insert.")
const INSERT_LINE = { type: "integer", description: "For insert: the line to insert after; 0 is the beginning." }
const VIEW_RANGE = {
  type: "array",
  items: { type: "integer" },
  description: "For view: first and last line, counted from 1; -1 as last line is the end of the file.",
}

const BASH: ToolKind = {
  kind: "function",
  description: "Runs a command in a bash session that persists between calls.",
  parameters: {
    type: "object",
    properties: {
      command: text("The command to run. Required unless restart is true."),
      restart: { type: "boolean", description: "Starts a new session instead of running a command." },
    },
  },
}

/** Until 2025-01-24: an edit can be undone, and `insert` takes its text as `new_str`. */
const OLD_EDITOR: ToolKind = {
  kind: "function",
  description: "Views, creates and edits text files.",
  parameters: {
    type: "object",
    properties: {
      command: { type: "string", enum: ["view", "create", "str_replace", "insert", "undo_edit"] },
      path: PATH,
      file_text: FILE_TEXT,
      old_str: OLD_STR,
      new_str: text("For str_replace: the text instead (default: none). For insert: the text to insert."),
      insert_line: INSERT_LINE,
      view_range: VIEW_RANGE,
    },
    required: ["command", "path"],
  },
}

const EDITOR: ToolKind = {
  kind: "function",
  description: "Views, creates and edits text files.",
  parameters: {
    type: "object",
    properties: {
      command: { type: "string", enum: ["view", "create", "str_replace", "insert"] },
      path: PATH,
      file_text: FILE_TEXT,
      old_str: OLD_STR,
      new_str: text("For str_replace: the text instead; default: none."),
      insert_line: INSERT_LINE,
      insert_text: INSERT_TEXT,
      view_range: VIEW_RANGE,
    },
    required: ["command", "path"],
  },
}

const MEMORY: ToolKind = {
  kind: "function",
  description:
    "Keeps notes in files under /memories that outlive this conversation. View the directory before a task for " +
    "what is known already, and write down what later conversations need.",
  parameters: {
    type: "object",
    properties: {
      command: { type: "string", enum: ["view", "create", "str_replace", "insert", "delete", "rename"] },
      path: text("Path under /memories; all commands but rename."),
      view_range: VIEW_RANGE,
      file_text: FILE_TEXT,
      old_str: OLD_STR,
      new_str: text("For str_replace: the text instead."),
      insert_line: INSERT_LINE,
      insert_text: INSERT_TEXT,
      old_path: text("For rename: the present path."),
      new_path: text("For rename: the new path."),
    },
    required: ["command"],
  },
}

const SERVER: ToolKind = { kind: "server" }

/** The first beginning that fits decides. */
const KINDS: readonly (readonly [beginning: string, kind: ToolKind])[] = [
  ["bash_", BASH],
  ["text_editor_20241022", OLD_EDITOR],
  ["text_editor_20250124", OLD_EDITOR],
  ["text_editor_", EDITOR],
  ["memory_", MEMORY],
  ["tool_search_tool_", { kind: "search" }],
  ["web_search_", SERVER],
  ["web_fetch_", SERVER],
  ["code_execution_", SERVER],
  ["advisor_", SERVER],
  ["computer_toolset_", { kind: "toolset", toolset: COMPUTER }],
  ["browser_toolset_", { kind: "toolset", toolset: BROWSER }],
  ["computer_", { kind: "computer" }],
  ["mcp_toolset", { kind: "refused", why: "needs Anthropic's MCP connector, which is not available here" }],
]
