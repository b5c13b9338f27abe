/** What the process that has several workers and its workers ask of each other. */
import type { Env } from "../substitute.ts"

/** What a worker is started with: options that can be copied, and what the process that starts it has found out. */
export type Orders = {
  readonly number: number
  readonly config: string | undefined
  readonly env: Env | undefined
  readonly cwd: string | undefined
  /** The key that was made because none is set. */
  readonly key: string | undefined
  readonly host: string
  readonly port: number
}

export type WorkerCalls = {
  /** Settles when it listens. */
  start(orders: Orders): Promise<{ readonly url: string; readonly plugins: readonly string[] }>
  /**
   * Reads everything anew; says how many answers stay with the config before.
   *
   * @param key The one that was made because none is set any more.
   */
  reload(key: string | undefined): Promise<{ readonly running: number }>
  /** Ends, when its answers have. @param leisurely Whether others take new requests meanwhile. */
  close(leisurely: boolean): void
  /** What its plugin of this name has of its own. */
  tell(name: string): unknown
  takeOver(name: string, left: unknown): void
}

/** What plugins have of their own, by the plugin's name. */
export type Left = Readonly<Record<string, unknown>>

export type PrimaryCalls = {
  hasItem(key: string): unknown
  getItem(key: string): unknown
  getItemRaw(key: string): unknown
  setItem(key: string, value: string): unknown
  setItemRaw(key: string, value: unknown): unknown
  removeItem(key: string): unknown
  /** @returns Keys as the driver has them that holds `base`. */
  getKeys(base: string): Promise<string[]>
  add(area: string, key: string, by: number, seconds: number): Promise<number>
  get(area: string, key: string): Promise<number>
  /** What the others tell. */
  tellAll(name: string): Promise<readonly unknown[]>
  /** The last call of a worker that ends. */
  leave(left: Left): void
}
