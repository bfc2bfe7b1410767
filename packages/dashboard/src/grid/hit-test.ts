import type { GridLayout } from './layout.ts'

/** Where the arrow keys go. */
export type Direction = 'left' | 'right' | 'up' | 'down' | 'first' | 'last'

/** The cell under a point, gaps counted to the cell before them. @returns undefined where there is none */
export function cellAt(layout: GridLayout, x: number, y: number): number | undefined {
  const { pitch } = layout
  for (const group of layout.groups) {
    const last = group.first + group.count - 1
    const top = layout.y[group.first]
    const bottom = layout.y[last]
    if (top === undefined || bottom === undefined || y < top || y >= bottom + pitch) continue
    const column = Math.floor((x - group.x) / pitch)
    if (column < 0 || column >= group.columns) continue
    const index = group.first + Math.floor((y - top) / pitch) * group.columns + column
    if (index <= last) return index
  }
  return undefined
}

/** The cells that a dragged frame touches, from any corner to any other. */
export function cellsWithin(
  layout: GridLayout,
  from: { x: number; y: number },
  to: { x: number; y: number },
): number[] {
  const [left, right] = [Math.min(from.x, to.x), Math.max(from.x, to.x)]
  const [top, bottom] = [Math.min(from.y, to.y), Math.max(from.y, to.y)]
  const found: number[] = []
  for (let index = 0; index < layout.count; index += 1) {
    const x = layout.x[index] ?? 0
    const y = layout.y[index] ?? 0
    if (x <= right && x + layout.cell >= left && y <= bottom && y + layout.cell >= top) found.push(index)
  }
  return found
}

/** The cell that an arrow key leads to: up and down the nearest one of the next row. At the edge it stays. */
export function neighbour(layout: GridLayout, index: number, direction: Direction): number {
  if (layout.count === 0) return index
  if (direction === 'first') return 0
  if (direction === 'last') return layout.count - 1
  if (direction === 'left') return Math.max(0, index - 1)
  if (direction === 'right') return Math.min(layout.count - 1, index + 1)
  const sign = direction === 'down' ? 1 : -1
  const x = layout.x[index] ?? 0
  const y = layout.y[index] ?? 0
  let best = index
  let bestFar = Number.POSITIVE_INFINITY
  for (let other = 0; other < layout.count; other += 1) {
    const rows = ((layout.y[other] ?? 0) - y) * sign
    if (rows <= 0) continue
    // A block below is nearer than one that is as far to the side.
    const far = rows * 4 + Math.abs((layout.x[other] ?? 0) - x)
    if (far < bestFar) {
      best = other
      bestFar = far
    }
  }
  return best
}
