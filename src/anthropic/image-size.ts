/**
 * The size of an image, from the head of its base64 data: PNG, GIF and WebP have it in their first 30 bytes, JPEG
 * behind the metadata of the camera.
 */

/** Base64 characters that are decoded at most: 48 KB of bytes, metadata with a thumbnail included. */
const HEAD = 65_536

/** Width times height in pixels; undefined when the data does not show it. */
export function imageArea(data: string): number | undefined {
  const start = decode(data.slice(0, 40))
  if (start === undefined) return undefined
  const text = (from: number, to: number): string => String.fromCharCode(...start.subarray(from, to))
  const view = new DataView(start.buffer)
  if (start.length < 30) return undefined
  if (text(1, 4) === "PNG") return view.getUint32(16) * view.getUint32(20)
  if (text(0, 3) === "GIF") return view.getUint16(6, true) * view.getUint16(8, true)
  if (text(0, 4) === "RIFF" && text(8, 12) === "WEBP") return webpArea(text(12, 16), view)
  if (view.getUint16(0) === 0xffd8) return jpegArea(decode(data.slice(0, HEAD)))
  return undefined
}

/** Source: the WebP container specification (RFC 9649): lossy, lossless, extended. */
function webpArea(kind: string, view: DataView): number | undefined {
  if (kind === "VP8 ") return (view.getUint16(26, true) & 0x3fff) * (view.getUint16(28, true) & 0x3fff)
  if (kind === "VP8L") {
    const bits = view.getUint32(21, true)
    return ((bits & 0x3fff) + 1) * (((bits >>> 14) & 0x3fff) + 1)
  }
  if (kind !== "VP8X") return undefined
  return ((view.getUint32(24, true) & 0xffffff) + 1) * ((view.getUint32(26, true) >>> 8) + 1)
}

/** Walks the segments to the frame header. Source: ITU-T T.81, annex B. */
function jpegArea(bytes: Uint8Array<ArrayBuffer> | undefined): number | undefined {
  if (!bytes) return undefined
  const view = new DataView(bytes.buffer)
  for (let at = 2; at + 9 <= bytes.length; at += 2 + view.getUint16(at + 2)) {
    const marker = view.getUint16(at)
    // SOF0 to SOF15; C4, C8 and CC among them are tables.
    const isFrame = marker >= 0xffc0 && marker <= 0xffcf && marker !== 0xffc4 && marker !== 0xffc8 && marker !== 0xffcc
    if (isFrame) return view.getUint16(at + 5) * view.getUint16(at + 7)
    if (marker < 0xffc0) return undefined
  }
  return undefined
}

function decode(base64: string): Uint8Array<ArrayBuffer> | undefined {
  try {
    return Uint8Array.from(atob(base64), (char) => char.charCodeAt(0))
  } catch {
    return undefined // not base64: what it weighs is then unknown, what is wrong with it the backend says
  }
}
