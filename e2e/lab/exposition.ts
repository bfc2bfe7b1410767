/** Values of a page of metrics: by name, and by the values of the labels in order, joined with a space. */
export type Exposition = ReadonlyMap<string, ReadonlyMap<string, number>>

/** Reads Prometheus' text format. @throws when a line is not in it, or a series is there twice */
export function parseExposition(text: string): Exposition {
  const metrics = new Map<string, Map<string, number>>()
  for (const line of text.split('\n')) {
    if (line === '' || line.startsWith('#')) continue
    const [, name = '', labels = '', value = ''] = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$/.exec(line) ?? []
    if (name === '') throw new Error(`not a sample: ${line}`)
    const key = [...labels.matchAll(/\w+="((?:[^"\\]|\\.)*)"/g)].map((match) => match[1]).join(' ')
    const series = metrics.get(name) ?? new Map<string, number>()
    if (series.has(key)) throw new Error(`twice: ${line}`)
    metrics.set(name, series.set(key, Number(value)))
  }
  return metrics
}
