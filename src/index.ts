/**
 * The public names of `llm-proxy`. Nothing here needs Node: it runs wherever web Requests and streams do. What reads
 * files and listens is in `llm-proxy/node`.
 */
export * as v from "valibot"
export { countTokens, guessTokens, showsPictures } from "./anthropic/count.ts"
export type {
  AssistantMessage,
  BlockDelta,
  BlockDeltaEvent,
  BlockStartEvent,
  BlockStopEvent,
  ErrorEvent,
  MessageDeltaEvent,
  MessageEvent,
  MessageStartEvent,
  ReplyBlock,
  ReplyServerToolUse,
  ReplyToolUse,
  StopDetails,
  StopReason,
  Usage,
  WebSearchError,
  WebSearchErrorCode,
  WebSearchResult,
  WebSearchToolResult,
} from "./anthropic/events.ts"
export { fold, unfold } from "./anthropic/fold.ts"
export type {
  ContentBlock,
  Effort,
  ImageBlock,
  JsonSchema,
  Message,
  MessageRequest,
  OutputConfig,
  ServerToolResultBlock,
  ServerToolUseBlock,
  TextBlock,
  Thinking,
  ThinkingBlock,
  Tool,
  ToolChoice,
  ToolResultBlock,
  ToolUseBlock,
} from "./anthropic/types.ts"
export type { Profile } from "./backends/profile.ts"
export { chooseApi } from "./choose-api.ts"
export { ConfigError, defineConfig, type Config, type Settings } from "./config/config.ts"
export { digestRequest } from "./text/digest-request.ts"
export { digestText } from "./text/digest-text.ts"
export { fromDiscovered } from "./discovery.ts"
export { ProxyError, type ProxyErrorOptions } from "./error.ts"
export { FAILURE_KINDS, failureKind, type FailureKind } from "./failure-kind.ts"
export { createGlobs, type Globs } from "./text/glob.ts"
export { createLog, createMask, LEVELS, printable, type Fields, type Level, type Log, type LogOptions } from "./log.ts"
export {
  definePlugin,
  type OptionsSchema,
  type Plugin,
  type PluginTools,
  type PluginUse,
  type Setup,
} from "./plugin/plugin.ts"
export { createProxy, type Proxy, type ProxyOptions } from "./proxy.ts"
export {
  defineStage,
  type AnyStage,
  type Authorized,
  type Backend,
  type Chunks,
  type Client,
  type Events,
  type Parsed,
  type Place,
  type Places,
  type Received,
  type Routed,
  type Stage,
  type Target,
  type Translated,
} from "./stage.ts"
export type { StorageShape } from "./state/storage-shape.ts"
export { Flow, flowOf, Step, type Source } from "./stream/flow.ts"
export { mapEvents, onMessage, onOver, tap, type Ended, type Over } from "./stream/tap.ts"
export { usePlugin } from "./plugin/use-plugin.ts"
export type { ChatChunk, ChatMessage, ChatRequest } from "./wires/chat/types.ts"
export { DONE, Failure, type WireChunk } from "./wires/failure.ts"
export type { Api } from "./wires/registry.ts"
export type { ResponsesEvent, ResponsesRequest } from "./wires/responses/types.ts"
