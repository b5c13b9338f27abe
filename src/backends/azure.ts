/**
 * Azure OpenAI and Foundry: `https://NAME.openai.azure.com/openai/v1`, or the older
 * `…/openai/deployments/NAME?api-version=…`. A Microsoft Entra token goes into `headers: { authorization: … }`.
 *
 * Source: Microsoft's Azure OpenAI REST reference and "API version lifecycle"; the models are OpenAI's.
 */
import { OPENAI_EFFORTS, OPENAI_SCHEMA } from "./openai.ts"
import type { ProfileFlags } from "./profile.ts"

export const azure: ProfileFlags = {
  auth_header: "api-key", // deployments read no Bearer token but Entra's
  max_tokens_field: "max_completion_tokens", // as at OpenAI
  stop_max: 0, // as at OpenAI
  reasoning: { efforts: OPENAI_EFFORTS, off: "none" },
  schema: OPENAI_SCHEMA,
}
