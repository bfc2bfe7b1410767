import { counted, listed } from '../count-words.ts'
import { type ActivityKind, type ActivityLine, activityLine, type Severity, type ToldEvent } from './activity-line.ts'

/** One thing that happened, or several alike. */
export interface Activity {
  /** Of the newest of them: unique. */
  id: string
  /** The newest and the oldest, ms since the epoch. */
  at: number
  since: number
  kind: ActivityKind
  severity: Severity
  text: string
  /** How many events were folded. */
  count: number
  /** Each once, in order. */
  nodes: string[]
  pools: string[]
  operations: string[]
}

/** Alike things further apart than this are told apart, ms. */
const foldWithinMs = 15 * 60_000

const ranks: Record<Severity, number> = { info: 0, warning: 1, critical: 2 }

interface Group {
  line: ActivityLine
  events: ToldEvent[]
}

/**
 * What happened, newest first, alike things folded to one line.
 * @param events in any order
 * @param rackOf where a node is; "" where nobody says
 */
export function foldActivity(events: readonly ToldEvent[], rackOf: (node: string) => string): Activity[] {
  const groups: Group[] = []
  const open = new Map<string, Group>()
  for (const event of events.toSorted((a, b) => a.at - b.at || a.seq - b.seq)) {
    const line = activityLine(event)
    if (!line) continue
    const key = JSON.stringify([line.kind, line.what, line.kind === 'scaling' ? event.pool : ''])
    const group = open.get(key)
    const last = group?.events.at(-1)
    if (group && last && event.at - last.at <= foldWithinMs) {
      group.events.push(event)
      if (ranks[line.severity] > ranks[group.line.severity]) group.line = line
      continue
    }
    const fresh = { line, events: [event] }
    open.set(key, fresh)
    groups.push(fresh)
  }
  return groups.map((group) => activityOf(group, rackOf)).sort((a, b) => b.at - a.at || (a.id < b.id ? 1 : -1))
}

function activityOf({ line, events }: Group, rackOf: (node: string) => string): Activity {
  const last = events.at(-1)
  const nodes = namesOf(events, ({ node }) => node)
  return {
    id: `a${last?.seq ?? 0}`,
    at: last?.at ?? 0,
    since: events[0]?.at ?? 0,
    kind: line.kind,
    severity: line.severity,
    text: textOf(line, events, nodes, rackOf),
    count: events.length,
    nodes,
    pools: namesOf(events, ({ pool }) => pool),
    operations: namesOf(events, ({ operation }) => operation),
  }
}

function namesOf(events: readonly ToldEvent[], pick: (event: ToldEvent) => string): string[] {
  return [...new Set(events.map(pick))].filter((name) => name !== '').sort()
}

function textOf(
  line: ActivityLine,
  events: readonly ToldEvent[],
  nodes: readonly string[],
  rackOf: (node: string) => string,
): string {
  const last = events.at(-1)
  const single = (last && activityLine(last)?.text) ?? line.text
  if (events.length === 1) return single
  if (nodes.length < 2) return `${single}, ${events.length} times`
  const racks = new Set(nodes.map(rackOf))
  const [rack = ''] = racks
  const place = racks.size === 1 && rack !== '' ? ` of rack ${rack}` : ''
  const count = counted(nodes.length, 'node')
  const named = nodes.length <= 3 ? ` (${listed(nodes)})` : ''
  const where = `${count}${place}${named}`
  return line.many?.(where) ?? `${line.what} on ${where}`
}
