/** Under which key things are kept that belong to a model of a backend. */
import type { Target } from "../stage.ts"

/** Config names, made safe for a key of the storage: `:`, `/` and `?` mean something there. */
export function targetKey({ backend, model }: Target): string {
  return `${encodeURIComponent(backend.name)}:${encodeURIComponent(model)}`
}
