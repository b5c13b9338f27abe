/** Calls over the channel that Node opens between a process and one it has started, both ways. */

/** What one side can be asked. Arguments and answers are copied by structured clone. */
export type Calls = { readonly [name: string]: (...args: never[]) => unknown }

/** The other side. */
export interface Peer<Theirs extends Calls> {
  /**
   * @param seconds How long to wait for the answer. @default as long as the other side lives
   * @throws what went wrong there, its words; and when the other side has ended or does not answer in time.
   */
  ask<Name extends keyof Theirs & string>(
    name: Name,
    args: Parameters<Theirs[Name]>,
    seconds?: number,
  ): Promise<Awaited<ReturnType<Theirs[Name]>>>
}

/** A process as the other one sees it: `process` itself in a worker, the worker in the process that started it. */
export interface Channel {
  send(message: object, sent: (error: Error | null) => void): unknown
  on(event: "message", listener: (message: unknown) => void): unknown
  on(event: "disconnect", listener: () => void): unknown
}

type Message =
  | { readonly call: number; readonly name: string; readonly args: readonly unknown[] }
  | { readonly answers: number; readonly value: unknown }
  | { readonly answers: number; readonly error: string }

/** There is nobody to ask. */
export class PeerEnded extends Error {
  override readonly name = "PeerEnded"

  constructor() {
    super("the other process has ended")
  }
}

interface Waiting {
  readonly resolve: (value: never) => void
  readonly reject: (error: Error) => void
}

/** @param own What this side can be asked. */
export function connectPeer<Theirs extends Calls>(channel: Channel, own: Calls): Peer<Theirs> {
  const waiting = new Map<number, Waiting>()
  let last = 0
  let ended = false

  const send = (message: Message, failed: (error: Error) => void): void => {
    try {
      channel.send(message, (error) => error && failed(error))
    } catch (error) {
      failed(error instanceof Error ? error : new Error(String(error))) // what cannot be copied
    }
  }
  const answer = async (call: number, name: string, args: readonly unknown[]): Promise<void> => {
    const refuse = (error: unknown): void => {
      send({ answers: call, error: error instanceof Error ? error.message : String(error) }, () => {})
    }
    try {
      const asked = Object.hasOwn(own, name) ? own[name] : undefined
      if (!asked) throw new Error(`${name} is not known there`) // a process of another version
      send({ answers: call, value: await asked(...(args as never[])) }, refuse)
    } catch (error) {
      refuse(error)
    }
  }
  channel.on("message", (given) => {
    const message = given as Message
    if ("call" in message) return void answer(message.call, message.name, message.args)
    const one = waiting.get(message.answers)
    if (!one) return
    waiting.delete(message.answers)
    if ("error" in message) one.reject(new Error(message.error))
    else one.resolve(message.value as never)
  })
  channel.on("disconnect", () => {
    ended = true
    for (const { reject } of waiting.values()) reject(new PeerEnded())
    waiting.clear()
  })
  return {
    ask(name, args, seconds) {
      const call = ++last
      return new Promise((resolve, reject) => {
        if (ended) return reject(new PeerEnded())
        const late = seconds && setTimeout(() => fail(new Error(`no answer within ${seconds} s`)), seconds * 1000)
        const over = (): void => {
          waiting.delete(call)
          clearTimeout(late)
        }
        const fail = (error: Error): void => {
          over()
          reject(error)
        }
        const done = (value: Parameters<typeof resolve>[0]): void => {
          over()
          resolve(value)
        }
        waiting.set(call, { resolve: done, reject: fail })
        send({ call, name, args }, fail)
      })
    },
  }
}
