import { expect, test } from "vitest"
import type { ContentBlock } from "../../../src/anthropic/types.ts"
import type { ProfileFlags } from "../../../src/backends/profile.ts"
import { messagesOf, refusal, text, translate, user } from "./_translate.ts"

const png = { type: "image", source: { type: "base64", media_type: "image/png", data: "AA" } } as const
const pngPart = { type: "image_url", image_url: { url: "data:image/png;base64,AA" } }
const pdf = { type: "base64", media_type: "application/pdf", data: "JVBE" } as const

const content = (block: object, flags: ProfileFlags = {}) =>
  messagesOf([user(text("see"), { ...block })], flags)[0]?.content
const refused = (block: object, flags: ProfileFlags = {}) => refusal(() => content(block, flags))

test("an image makes the message a list of parts, in order", () => {
  expect(messagesOf([user(text("a"), png, text(""), text("b"))])).toEqual([
    { role: "user", content: [{ type: "text", text: "a" }, pngPart, { type: "text", text: "b" }] },
  ])
})

test("an image URL is passed on as it is", () => {
  expect(content({ type: "image", source: { type: "url", url: "https://x.test/a.png" } })).toEqual([
    { type: "text", text: "see" },
    { type: "image_url", image_url: { url: "https://x.test/a.png" } },
  ])
})

test.each<[string, object, ProfileFlags, string]>([
  ["a URL to a backend that reads base64 only", { type: "url", url: "https://x.test/a" }, { images: "data" },
    "this backend reads only base64 images, not image URLs"],
  ["any image to a backend without eyes", png.source, { images: "none" }, "this backend reads no images"],
  ["a type the backend refuses", { type: "base64", media_type: "image/gif", data: "R0" },
    { image_types_refused: ["image/gif"] }, "this backend does not read image/gif"],
  ["a file id", { type: "file", file_id: "f" }, {}, "the Files API is not available here; send the image as base64"],
  ["a URL to the backend's own disk", { type: "url", url: "file:///etc/passwd" }, {},
    "an image URL must begin with http:// or https://"],
  ["a source nobody knows", { type: "fax" }, {}, `"fax" is no image source this proxy knows`],
])("%s is refused with its path", (_, source, flags, why) => {
  expect(refused({ type: "image", source }, flags)).toBe(`400 messages.0.content.1: ${why}`)
})

test("a plain text document is framed, with its title and context", () => {
  const source = { type: "text", media_type: "text/plain", data: "body" }
  expect(content({ type: "document", source })).toBe("see\n\n<document>\nbody\n</document>")
  expect(content({ type: "document", source, title: 'my "doc"', context: "old" })).toBe(
    'see\n\n<document title="my &quot;doc&quot;" context="old">\nbody\n</document>',
  )
})

test("images inside a document stay in their place", () => {
  const source = { type: "content", content: [{ type: "text", text: "before" }, png, { type: "text", text: "after" }] }
  expect(content({ type: "document", source, title: "t" })).toEqual([
    { type: "text", text: "see" },
    { type: "text", text: '<document title="t">' },
    { type: "text", text: "before" },
    pngPart,
    { type: "text", text: "after" },
    { type: "text", text: "</document>" },
  ])
})

test("a document given as content without images is one text", () => {
  const blocks = { type: "content", content: [{ type: "text", text: "a" }, { type: "text", text: "b" }] }
  expect(content({ type: "document", source: blocks })).toBe("see\n\n<document>\na\n\nb\n</document>")
  expect(content({ type: "document", source: { type: "content", content: "c" } })).toBe(
    "see\n\n<document>\nc\n</document>",
  )
})

test("an image inside a document that cannot be read is refused with its own path", () => {
  const source = { type: "content", content: [{ type: "text", text: "a" }, png] }
  expect(refused({ type: "document", source }, { images: "none" })).toBe(
    "400 messages.0.content.1.source.content.1: this backend reads no images",
  )
})

test("a PDF becomes a file part", () => {
  const file_data = "data:application/pdf;base64,JVBE"
  expect(content({ type: "document", source: pdf })).toEqual([
    { type: "text", text: "see" },
    { type: "file", file: { filename: "document.pdf", file_data } },
  ])
  expect(content({ type: "document", source: pdf, title: "Report", context: "of May" })).toEqual([
    { type: "text", text: "see" },
    { type: "text", text: "Context of Report: of May" },
    { type: "file", file: { filename: "Report", file_data } },
  ])
})

test.each<[string, object, ProfileFlags, string]>([
  ["a PDF to a backend that reads none", pdf, { files: false }, "this backend reads no PDF documents"],
  ["a document URL", { type: "url", url: "https://x.test/a.pdf" }, {},
    "this proxy does not fetch documents; send the PDF as base64"],
  ["a file id", { type: "file", file_id: "f" }, {},
    "the Files API is not available here; send the document as base64 or text"],
  ["base64 of another type", { ...pdf, media_type: "text/html" }, {},
    "a base64 document must be application/pdf, not text/html"],
  ["a source nobody knows", { type: "fax" }, {}, `"fax" is no document source this proxy knows`],
])("%s is refused with its path", (_, source, flags, why) => {
  expect(refused({ type: "document", source }, flags)).toBe(`400 messages.0.content.1: ${why}`)
})

test("a search result is framed with its source and title", () => {
  const block = {
    type: "search_result",
    source: "https://x.test",
    title: "T",
    content: [{ type: "text", text: "a" }, { type: "text", text: "b" }],
  }
  expect(content(block)).toBe('see\n\n<search_result source="https://x.test" title="T">\na\n\nb\n</search_result>')
})

test("citations that were asked for are noted once; those of the history are dropped", () => {
  const source = { type: "text", media_type: "text/plain", data: "d" }
  const cited = { type: "document", source, citations: { enabled: true } } as unknown as ContentBlock
  const found = { type: "search_result", source: "s", title: "t", content: [], citations: { enabled: true } }
  expect(translate({ messages: [user(cited, cited, found)] }).notes).toEqual([
    "citations are not available: the answer will have none",
  ])
  const quoting = { type: "text", text: "said", citations: [{ type: "char_location", cited_text: "d" }] }
  const messages = [user(text("q")), { role: "assistant" as const, content: [quoting] as never }, user(text("r"))]
  const { body, notes } = translate({ messages })
  expect(body.messages[1]).toEqual({ role: "assistant", content: "said" })
  expect(notes).toEqual([])
})

test("a file for Anthropic's container is refused", () => {
  expect(refused({ type: "container_upload", file_id: "f" })).toBe(
    "400 messages.0.content.1: container_upload needs Anthropic's code execution, which is not available here",
  )
})
