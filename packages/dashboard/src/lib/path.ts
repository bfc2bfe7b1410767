/** A path with its query; undefined and empty values are left out. */
export function withQuery(path: string, query: Record<string, string | number | boolean | undefined>): string {
  const pairs = Object.entries(query).flatMap(([key, value]) =>
    value === undefined || value === '' ? [] : [[key, String(value)]],
  )
  return pairs.length === 0 ? path : `${path}?${new URLSearchParams(pairs)}`
}

/** Fills `:name` parts of a route, percent-encoded. */
export function fillPath(route: string, parameters: Record<string, string>): string {
  return route.replace(/:(\w+)/g, (_, name: string) => encodeURIComponent(parameters[name] ?? ''))
}

/** A path with its query, as the API gives links, in the router's two parts. */
export function splitLink(link: string): { to: string; search: Record<string, string> } {
  const [to = '/', query = ''] = link.split('?', 2)
  return { to, search: Object.fromEntries(new URLSearchParams(query)) }
}
