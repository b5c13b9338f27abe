/** Which API a backend is asked over for a model: the config says it, or with `api: auto` the profile's table. */
import { fitsAny } from "./text/glob.ts"
import type { Target } from "./stage.ts"
import type { Api } from "./wires/registry.ts"

export function chooseApi({ model, backend: { api, profile } }: Target): Api {
  if (api !== "auto") return api
  return fitsAny(model, profile.responses_models) ? "responses" : profile.api
}
