/** Whether a proxy runs where the config says, and takes the key. */
import { StartError } from "../start-error.ts"
import { askServer, NoAnswer, type ServerAnswer } from "./ask-server.ts"
import { parseJson } from "../../wires/json.ts"

/** Seconds; it is this machine, or one nearby. */
const PATIENCE = 2

/** What says that somebody listens. Codes of undici's are for answers that are no HTTP. */
const TAKEN: ReadonlySet<string> = new Set(["timeout", "ECONNRESET", "UND_ERR_SOCKET", "HPE_INVALID_CONSTANT"])

/**
 * @returns whether one runs there.
 * @throws {StartError} when something else does, or a proxy that refuses the key.
 */
export async function reachProxy(url: string, key: string | undefined): Promise<boolean> {
  const headers = { "x-api-key": key ?? "none" }
  const ask = (path: string): Promise<ServerAnswer> => askServer(url + path, headers, PATIENCE)
  let name: unknown
  try {
    const { status, text } = await ask("/")
    name = status === 200 ? nameIn(parseJson(text)) : undefined
  } catch (error) {
    // Refused or unroutable: nobody listens there. Whoever is silent, or speaks something else, does.
    const code = error instanceof NoAnswer ? error.code : undefined
    if (code !== undefined && !TAKEN.has(code)) return false
  }
  if (name !== "llm-proxy") {
    throw new StartError(`${url}: something else listens there; set PORT, or server.port in the config`)
  }
  const { status } = await ask("/v1/models")
  if (status !== 401) return true
  const why = key === undefined ? "its key is not known here" : "it has another key"
  throw new StartError(`${url}: a proxy runs there, but ${why}: set PROXY_API_KEY to that, or stop it`)
}

function nameIn(answer: unknown): unknown {
  return typeof answer === "object" && answer !== null && "name" in answer ? answer.name : undefined
}
