/** What a snapshot of V8's heap says of its size. */

interface Snapshot {
  readonly snapshot: { readonly meta: { readonly node_fields: readonly string[]; readonly node_types: readonly [readonly string[]] } }
  readonly nodes: readonly number[]
}

/** V8's own: compiled code and what it has learned of the program, which grows with each collection, not each request. */
const OWN: ReadonlySet<string> = new Set(["code", "hidden", "synthetic", "object shape"])

/** Bytes of all that is the program's: objects, functions, texts, numbers. */
export function objectsIn(text: string): number {
  const { snapshot, nodes } = JSON.parse(text) as Snapshot
  const { node_fields: fields, node_types: types } = snapshot.meta
  const [type, size] = [fields.indexOf("type"), fields.indexOf("self_size")]
  let bytes = 0
  for (let at = 0; at < nodes.length; at += fields.length) {
    if (!OWN.has(types[0][nodes[at + type] ?? 0] ?? "")) bytes += nodes[at + size] ?? 0
  }
  return bytes
}
