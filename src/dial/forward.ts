/** Which of a client's headers go along to a backend. */

/** The headers of these names, as far as they are there or have a value of their own. */
export function forward(headers: Headers, names: Readonly<Record<string, string | undefined>>): Readonly<Record<string, string>> {
  const along: Record<string, string> = {}
  for (const [name, otherwise] of Object.entries(names)) {
    const value = headers.get(name) ?? otherwise
    if (value !== undefined) along[name] = value
  }
  return along
}
