import type { Metric, MetricSample } from '../exposition.ts'

/**
 * A gauge. One whose name ends like a counter's, which other exporters have fixed, is told without a type, so that linters
 * of metrics are silent.
 */
export function gauge(name: string, help: string, samples: readonly MetricSample[]): Metric {
  return { name, help, type: /_(?:total|count)$/.test(name) ? 'untyped' : 'gauge', samples }
}

/** A gauge of one value; without a series where the value is not known. */
export function single(name: string, help: string, value: number | undefined): Metric {
  return gauge(name, help, value === undefined ? [] : [{ value }])
}

/** Series by one label. */
export function byLabel<T>(
  label: string,
  entries: Iterable<readonly [string, T]>,
  read: (entry: T) => number | undefined,
): MetricSample[] {
  const samples: MetricSample[] = []
  for (const [word, entry] of entries) {
    const value = read(entry)
    if (value !== undefined) samples.push({ labels: { [label]: word }, value })
  }
  return samples
}

/** What counts in one place, kept under a key; made when it is first asked for. */
export function entryOf<T>(map: Map<string, T>, key: string, make: () => T): T {
  const found = map.get(key)
  if (found !== undefined) return found
  const made = make()
  map.set(key, made)
  return made
}

/** What a limit on series has left out, by metric group. */
export type Dropped = Map<string, number>

/** The first `most` of the entries, the weightiest first; how many are left out is noted under `group`. */
export function bounded<T>(
  entries: readonly T[],
  most: number,
  weight: (entry: T) => number,
  group: string,
  dropped: Dropped,
): readonly T[] {
  if (entries.length <= most) return entries
  dropped.set(group, (dropped.get(group) ?? 0) + entries.length - most)
  return entries.toSorted((a, b) => weight(b) - weight(a)).slice(0, most)
}
