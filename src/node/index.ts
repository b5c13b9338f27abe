/**
 * The public names of `llm-proxy/node`: the proxy as a config file describes it, with or without a server, and the
 * faster `fetch` for programs that call `createProxy` themselves.
 */
export { openProxy, type Opened, type OpenOptions, type Terminal } from "./open.ts"
export { startServer, type RunningServer } from "./server.ts"
export { StartError } from "./start-error.ts"
export type { Env } from "./substitute.ts"
export { undiciFetch } from "./undici.ts"
