/** Image blocks → image parts, as far as the backend reads them. */
import type { ImageBlock } from "../../anthropic/types.ts"
import type { Profile } from "../../backends/profile.ts"
import { printable } from "../../log.ts"
import type { Part } from "./part.ts"

/** A part, or why there can be none. */
export type Fitted = { readonly part: Part } | { readonly refused: string }

export function toImagePart({ source }: ImageBlock, profile: Profile): Fitted {
  if (profile.images === "none") return { refused: "this backend reads no images" }
  switch (source.type) {
    case "base64":
      if (profile.image_types_refused.includes(source.media_type)) {
        return { refused: `this backend does not read ${source.media_type}` }
      }
      return fitted(`data:${source.media_type};base64,${source.data}`)
    case "url":
      if (profile.images === "data") return { refused: "this backend reads only base64 images, not image URLs" }
      // A backend that knows file: URLs would read its own disk for whoever asks.
      if (!/^https?:\/\//i.test(source.url)) return { refused: "an image URL must begin with http:// or https://" }
      return fitted(source.url)
    case "file":
      return { refused: "the Files API is not available here; send the image as base64" }
    default: {
      const { type }: { readonly type: string } = source
      return { refused: `"${printable(type)}" is no image source this proxy knows` }
    }
  }
}

function fitted(url: string): Fitted {
  return { part: { type: "image", url } }
}
