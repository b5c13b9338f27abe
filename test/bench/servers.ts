/** Who is measured: a file of its own each, but for the proxy. */
export const SERVERS = ["raw", "floor", "naive", "proxy"] as const
export type ServerName = (typeof SERVERS)[number]
