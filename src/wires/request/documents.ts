/** Documents and search results → framed text, and PDF → file parts where the backend reads them. */
import type { DocumentBlock, ImageBlock, SearchResultBlock } from "../../anthropic/types.ts"
import type { Profile } from "../../backends/profile.ts"
import { printable } from "../../log.ts"
import type { Part } from "./part.ts"
import { textPart } from "./text.ts"

/** The parts of a document, or why there can be none. */
export type FittedDocument = { readonly parts: readonly Part[] } | { readonly refused: string }

/** @param image Makes a part of an image inside the document; the number is its place there. */
export function toDocumentParts(
  block: DocumentBlock,
  profile: Profile,
  image: (block: ImageBlock, n: number) => Part,
): FittedDocument {
  const { source, title, context } = block
  switch (source.type) {
    case "text":
      return { parts: frame("document", { title, context }, [textPart(source.data)]) }
    case "content": {
      const content = typeof source.content === "string" ? [textPart(source.content)] : source.content.map(toPart)
      return { parts: frame("document", { title, context }, content) }
    }
    case "base64": {
      if (source.media_type !== "application/pdf") {
        return { refused: `a base64 document must be application/pdf, not ${printable(source.media_type)}` }
      }
      if (!profile.files) return { refused: "this backend reads no PDF documents" }
      const data = `data:${source.media_type};base64,${source.data}`
      const filename = title || "document.pdf"
      const file: Part = { type: "file", filename, data }
      return { parts: context ? [textPart(`Context of ${filename}: ${context}`), file] : [file] }
    }
    case "url":
      return { refused: "this proxy does not fetch documents; send the PDF as base64" }
    case "file":
      return { refused: "the Files API is not available here; send the document as base64 or text" }
    default: {
      const { type }: { readonly type: string } = source
      return { refused: `"${printable(type)}" is no document source this proxy knows` }
    }
  }

  function toPart(inner: { readonly type: "text"; readonly text: string } | ImageBlock, n: number): Part {
    return inner.type === "text" ? textPart(inner.text) : image(inner, n)
  }
}

export function toSearchResultPart({ source, title, content }: SearchResultBlock): Part {
  const text = content.map((block) => block.text).join("\n\n")
  return framed("search_result", { source, title }, text)
}

/** Puts a tag around parts: one text part when all of them are text, else the tag's halves around them. */
function frame(tag: string, attributes: Attributes, parts: readonly Part[]): readonly Part[] {
  const texts = parts.flatMap((part) => (part.type === "text" ? [part.text] : []))
  if (texts.length === parts.length) return [framed(tag, attributes, texts.join("\n\n"))]
  return [textPart(open(tag, attributes)), ...parts, textPart(`</${tag}>`)]
}

type Attributes = Readonly<Record<string, string | null | undefined>>

function framed(tag: string, attributes: Attributes, text: string): Part {
  return textPart(`${open(tag, attributes)}\n${text}\n</${tag}>`)
}

function open(tag: string, attributes: Attributes): string {
  const written = Object.entries(attributes).flatMap(([name, value]) =>
    value ? [` ${name}="${value.replaceAll('"', "&quot;")}"`] : [],
  )
  return `<${tag}${written.join("")}>`
}
