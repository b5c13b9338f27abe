import { Buffer } from "node:buffer"
import { expect, it } from "vitest"
import { imageArea } from "../../src/anthropic/image-size.ts"

/** Bytes, from hexadecimal and plain strings, filled up with zeros to at least 64. */
function image(...parts: readonly (string | readonly number[])[]): string {
  const bytes = Buffer.concat(
    parts.map((part) => (typeof part === "string" ? Buffer.from(part, "latin1") : Buffer.from(part))),
  )
  return Buffer.concat([bytes, Buffer.alloc(Math.max(0, 64 - bytes.length))]).toString("base64")
}

const JFIF = [0xff, 0xe0, 0, 16, ...Array.from({ length: 14 }, () => 0)]
const frame = (marker: number): number[] => [0xff, marker, 0, 17, 8, 0x01, 0xe0, 0x02, 0x80, 3]
const camera = (size: number): number[] => [
  0xff,
  0xe1,
  size >> 8,
  size & 255,
  ...Array.from({ length: size - 2 }, () => 0xc0),
]

it.each([
  ["PNG", image([0x89], "PNG\r\n\x1a\n", [0, 0, 0, 13], "IHDR", [0, 0, 2, 0x80, 0, 0, 1, 0xe0])],
  ["GIF", image("GIF89a", [0x80, 2, 0xe0, 1])],
  ["lossy WebP", image("RIFF\0\0\0\0WEBPVP8 ", [0, 0, 0, 0, 0, 0, 0, 0x9d, 0x01, 0x2a, 0x80, 0x42, 0xe0, 0x41])],
  ["lossless WebP", image("RIFF\0\0\0\0WEBPVP8L", [0, 0, 0, 0, 0x2f, 0x7f, 0xc2, 0x77, 0x00])],
  ["extended WebP", image("RIFF\0\0\0\0WEBPVP8X", [10, 0, 0, 0, 0, 0, 0, 0, 0x7f, 2, 0, 0xdf, 1, 0])],
  ["JPEG", image([0xff, 0xd8], JFIF, frame(0xc0))],
  ["progressive JPEG behind a camera's 40 KB", image([0xff, 0xd8], JFIF, camera(40_000), frame(0xc2))],
  ["JPEG with a Huffman table first", image([0xff, 0xd8], [0xff, 0xc4, 0, 4, 1, 1], frame(0xc1))],
])("%s of 640 by 480", (_name, data) => {
  expect(imageArea(data)).toBe(640 * 480)
})

it.each([
  ["too short", "iVBORw0KGgo="],
  ["empty", ""],
  ["not base64", "https://example.com/a.png?x=%20%20%20%20%20%20%20"],
  ["text", image("hello")],
  ["JPEG cut before its frame", image([0xff, 0xd8], JFIF, camera(60_000))],
  ["JPEG that is none after its first bytes", image([0xff, 0xd8], [1, 2, 0, 2], frame(0xc0))],
  [
    "JPEG of empty segments",
    image(
      [0xff, 0xd8],
      Array.from({ length: 100 }, (_, n) => (n % 4 === 0 ? 0xff : n % 4 === 1 ? 0xe0 : 0)),
    ),
  ],
])("%s has no size", (_name, data) => {
  expect(imageArea(data)).toBeUndefined()
})
