import type { FleetNodeJson, NodeCellState } from '@navarch/api/views'

/** What needs a look first. */
const urgency: readonly NodeCellState[] = [
  'down',
  'unknown',
  'draining',
  'drained',
  'powering',
  'reserved',
  'mixed',
  'busy',
  'idle',
]

const keys: Record<string, (node: FleetNodeJson) => number | string | null> = {
  state: ({ state }) => urgency.indexOf(state),
  pool: ({ pool }) => pool,
  rack: ({ rack }) => rack,
  gpus: ({ gpus_used: used }) => used,
  util: ({ gpu_percent: percent }) => percent,
  temp: ({ temperature }) => temperature,
  since: ({ since }) => since,
}

const natural = new Intl.Collator('en', { numeric: true })

/**
 * In the order of a column, as the URL has it: "temp", or "-temp" from the greatest. What is not known comes last either way; alike ones stay
 * as they are, by name.
 */
export function sortNodes(rows: readonly FleetNodeJson[], sort: string): readonly FleetNodeJson[] {
  const isFalling = sort.startsWith('-')
  const name = isFalling ? sort.slice(1) : sort
  if (name === 'node') return isFalling ? [...rows].sort((one, other) => natural.compare(other.id, one.id)) : rows
  const key = Object.hasOwn(keys, name) ? keys[name] : undefined
  if (!key) return rows
  return rows
    .map((node) => ({ node, value: key(node) }))
    .sort((one, other) => {
      if (one.value === null || other.value === null) return Number(one.value === null) - Number(other.value === null)
      const order =
        typeof one.value === 'number' && typeof other.value === 'number'
          ? one.value - other.value
          : natural.compare(String(one.value), String(other.value))
      return isFalling ? -order : order
    })
    .map(({ node }) => node)
}
