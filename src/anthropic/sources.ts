/** What an image or a document is made of: base64 data, a URL, an uploaded file, or text right there. */
import { badRequest } from "../error.ts"
import { fieldsAt, stringAt, wordAt, type Fields, type Look } from "./fields.ts"

/** From the SDK's types. */
const IMAGE_TYPES = ["image/jpeg", "image/png", "image/gif", "image/webp"]

/** @throws {ProxyError} 400 unless the block has an image's source. If the data is one is for the backend to say. */
export function checkImageSource(block: Fields, path: string, look: Look): void {
  const source = fieldsAt(block, "source", path)
  const at = `${path}.source`
  checkRemote(source, wordAt(source, "type", at, ["base64", "url", "file"], look), at, IMAGE_TYPES, look)
}

/**
 * @param checkContent Checks the content of a document that is made of blocks.
 * @throws {ProxyError} 400 unless the block has a document's source.
 */
export function checkDocumentSource(
  block: Fields,
  path: string,
  look: Look,
  checkContent: (content: unknown, path: string) => void,
): void {
  const source = fieldsAt(block, "source", path)
  const at = `${path}.source`
  const type = wordAt(source, "type", at, ["base64", "text", "content", "url", "file"], look)
  if (type === "text") stringAt(source, "data", at)
  else if (type === "content") checkContent(source["content"], `${at}.content`)
  else checkRemote(source, type, at, ["application/pdf"], look)
}

function checkRemote(source: Fields, type: string, path: string, mediaTypes: readonly string[], look: Look): void {
  if (type === "base64") {
    wordAt(source, "media_type", path, mediaTypes, look)
    stringAt(source, "data", path, 1)
  } else if (type === "file") {
    stringAt(source, "file_id", path)
  } else if (type === "url") {
    const url = stringAt(source, "url", path)
    if (look === "open") return
    const isWeb = /^https?:\/\//i.test(url) && URL.canParse(url)
    if (!isWeb) throw badRequest(`${path}.url`, "Input should be an http or https URL")
  }
}
