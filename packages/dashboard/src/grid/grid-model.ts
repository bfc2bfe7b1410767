import type { FleetNodeJson } from '@navarch/api/views'
import { type ColorMode, nameSlots, styleOf } from './cell-style.ts'
import type { GridGroup } from './layout.ts'
import { compileFilter, dependsOnTime, type NodeTest } from './match-filter.ts'
import { assignSlots } from './name-slots.ts'
import type { Filter } from './parse-filter.ts'

/** What the headings of the grid are. */
export const groupings = {
  none: 'nothing',
  rack: 'rack',
  switch: 'switch',
  partition: 'partition',
  pool: 'pool',
  type: 'type',
} as const
export type Grouping = keyof typeof groupings

export interface GridSettings {
  filter: Filter
  group: Grouping
  color: ColorMode
}

/** What the grid shows now: cells in order, each with its node and look. Kept and changed in place, since it is drawn 60 times a second. */
export interface GridModel {
  readonly rows: FleetNodeJson[]
  readonly groups: GridGroup[]
  /** Places in `stylesOf(settings.color)`. */
  readonly styles: Uint8Array
  /** Cells whose look changed in the last renewal. */
  readonly changed: number[]
  /** Cells whose node changed in any way in the last renewal. */
  readonly touched: number[]
  readonly slots: ReadonlyMap<string, number>
  readonly powerTop: number
  /** What it was last renewed with. */
  readonly settings: GridSettings
  /** Cells should come, go or move, and will with a renewal a little later: places that jump cannot be read. */
  readonly isBehind: boolean
  cellOf(id: string): number | undefined
  /**
   * Takes over what is new. Only nodes that are other objects than before are looked at.
   * @returns `all`: cells came, went or moved; `cells`: those of `touched` are others; `same`: nothing to draw
   */
  renew(nodes: ReadonlyMap<string, FleetNodeJson>, settings: GridSettings, now: number): 'all' | 'cells' | 'same'
}

/** How often a filter that changes with time alone is evaluated again, ms. */
const timeStepMs = 5_000
/** Least time between two renewals that move cells because nodes changed, ms. */
export const moveStepMs = 500
const natural = new Intl.Collator('en', { numeric: true })
const powerTops = [100, 400, 700, 1000, 1500]

export function createGridModel(): GridModel {
  /** All nodes in the order of the map, as they were; and where each one's cell is, -1 for none. */
  let known: FleetNodeJson[] = []
  let cells = new Int32Array(0)
  /** Places in `known`, by name. */
  let sorted: number[] = []
  let rows: FleetNodeJson[] = []
  let groups: GridGroup[] = []
  let styles = new Uint8Array(0)
  let changed: number[] = []
  let touched: number[] = []
  let slots = new Map<string, number>()
  let powerTop = 700
  let places = new Map<string, number>()
  let settings: GridSettings | undefined
  const noSettings: GridSettings = { filter: { terms: [], problems: [] }, group: 'none', color: 'state' }
  let test: NodeTest = () => true
  let builtAt = 0
  /** The time may be put back, with the server's clock: only how far it is from here counts. */
  const isPast = (now: number, ms: number): boolean => Math.abs(now - builtAt) >= ms
  let isBehind = false

  const look = (node: FleetNodeJson, color: ColorMode): number => styleOf(node, color, { powerTop, slotOf })

  function slotOf(name: string): number | undefined {
    const slot = slots.get(name)
    if (slot !== undefined || slots.size >= nameSlots) return slot
    const taken = new Set(slots.values())
    const free = Array.from({ length: nameSlots }, (_, index) => index).find((index) => !taken.has(index))
    if (free !== undefined) slots.set(name, free)
    return free
  }

  function build(now: number, { group, color }: GridSettings): void {
    builtAt = now
    isBehind = false
    const buckets = new Map<string, number[]>()
    for (const place of sorted) {
      const node = known[place]
      if (!node || !test(node, now)) continue
      const key = groupOf(node, group)
      const bucket = buckets.get(key)
      if (bucket) bucket.push(place)
      else buckets.set(key, [place])
    }
    const keys = [...buckets.keys()].sort(
      (one, other) => Number(one === '') - Number(other === '') || natural.compare(one, other),
    )
    groups = keys.map((key) => ({ key, count: buckets.get(key)?.length ?? 0 }))
    cells.fill(-1)
    rows = []
    places = new Map()
    for (const key of keys) {
      for (const place of buckets.get(key) ?? []) {
        const node = known[place]
        if (!node) continue
        cells[place] = rows.length
        places.set(node.id, rows.length)
        rows.push(node)
      }
    }
    if (color === 'job' || color === 'user') slots = assignSlots(countNames(rows, color), slots)
    if (color === 'power') powerTop = topOf(rows)
    styles = Uint8Array.from(rows, (node) => look(node, color))
    changed = []
    touched = []
  }

  return {
    get rows() {
      return rows
    },
    get groups() {
      return groups
    },
    get styles() {
      return styles
    },
    get changed() {
      return changed
    },
    get touched() {
      return touched
    },
    get slots() {
      return slots
    },
    get powerTop() {
      return powerTop
    },
    get settings() {
      return settings ?? noSettings
    },
    get isBehind() {
      return isBehind
    },
    cellOf: (id) => places.get(id),
    renew(nodes, wanted, now) {
      let mustBuild = settings === undefined || (dependsOnTime(wanted.filter) && isPast(now, timeStepMs))
      if (settings?.filter !== wanted.filter) {
        test = compileFilter(wanted.filter)
        mustBuild = true
      }
      if (settings?.color !== wanted.color) slots = new Map()
      if (settings?.group !== wanted.group || settings.color !== wanted.color) mustBuild = true
      settings = wanted
      changed = []
      touched = []
      let place = 0
      let isOther = nodes.size !== known.length
      for (const node of nodes.values()) {
        const before = known[place]
        if (before !== node) {
          known[place] = node
          if (before?.id !== node.id) isOther = true
          else if (!mustBuild && !isOther && !renewCell(place, before, node, now)) isBehind = true
        }
        place += 1
      }
      if (isOther) {
        known = known.slice(0, place)
        cells = new Int32Array(place)
        sorted = known
          .map((_, index) => index)
          .sort((one, other) => natural.compare(known[one]?.id ?? '', known[other]?.id ?? ''))
      }
      if (mustBuild || isOther || (isBehind && isPast(now, moveStepMs))) {
        build(now, wanted)
        return 'all'
      }
      return touched.length > 0 ? 'cells' : 'same'
    },
  }

  /** @returns false when the node's cell must come, go or move; until then it looks as the node does now */
  function renewCell(place: number, before: FleetNodeJson, node: FleetNodeJson, now: number): boolean {
    if (!settings) return false
    const cell = cells[place] ?? -1
    const isIn = test(node, now)
    if (cell < 0) return !isIn
    rows[cell] = node
    touched.push(cell)
    const style = look(node, settings.color)
    if (styles[cell] !== style) {
      styles[cell] = style
      changed.push(cell)
    }
    return isIn && groupOf(before, settings.group) === groupOf(node, settings.group)
  }
}

/** The heading that a node is under; "" where nobody says. */
export function groupOf(node: FleetNodeJson, group: Grouping): string {
  if (group === 'none') return ''
  return group === 'partition' ? node.partitions.join(', ') : node[group]
}

function countNames(rows: readonly FleetNodeJson[], color: 'job' | 'user'): Map<string, number> {
  const counts = new Map<string, number>()
  for (const node of rows) {
    const name = node[color === 'job' ? 'jobs' : 'users'][0]
    if (name !== undefined) counts.set(name, (counts.get(name) ?? 0) + 1)
  }
  return counts
}

/** Watts per GPU that no node is above. */
function topOf(rows: readonly FleetNodeJson[]): number {
  const most = rows.reduce((top, { power, gpus }) => Math.max(top, (power ?? 0) / Math.max(1, gpus)), 0)
  return powerTops.find((top) => most <= top) ?? Math.ceil(most / 500) * 500
}
