/** Who is measured: a file of its own each, but for the proxy, which is there with plugins and without. */
export const SERVERS = ["raw", "floor", "naive", "proxy", "plugins"] as const
export type ServerName = (typeof SERVERS)[number]

/** Those with a column in the table; what plugins add is a row of its own. */
export const COLUMNS = ["raw", "floor", "naive", "proxy"] as const satisfies readonly ServerName[]
