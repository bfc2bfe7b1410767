/** A heading of the grid and how many cells are under it. */
export interface GridGroup {
  key: string
  count: number
}

export interface PlacedGroup extends GridGroup {
  /** Of its heading, px. */
  x: number
  y: number
  width: number
  /** Its first cell. */
  first: number
  columns: number
}

/** Where every cell is. Places in CSS px. */
export interface GridLayout {
  count: number
  /** Side of a cell. */
  cell: number
  /** From one cell to the next. */
  pitch: number
  width: number
  height: number
  /** Top left corner of each cell. */
  x: Int32Array
  y: Int32Array
  groups: PlacedGroup[]
}

export interface LayoutSpace {
  width: number
  /** What should do; when the smallest cells need more, they get it. */
  height: number
  /** Whether groups have headings. */
  hasHeadings: boolean
  /** From one cell to the next at the most, px; without it what is read well at a desk. */
  mostPitch?: number
}

/** From one cell to the next at the least and, at a desk, at the most, px: a finger and a pointer still hit the least. */
const leastPitch = 5
const deskPitch = 72
export const headingHeight = 18
const blockGap = 12
/** Groups that are drawn as bands where both fit. */
const mostBands = 4
/** Room that a short heading needs to be read, px. */
const headingWidth = 42

/**
 * Places cells as large as fit: each group as a block, blocks side by side and row by row; or, where that leaves more room for a cell, each
 * group across the whole width.
 */
export function layoutCells(groups: readonly GridGroup[], space: LayoutSpace): GridLayout {
  const width = Math.max(leastPitch, Math.floor(space.width))
  const shapes = space.hasHeadings ? [blocks, bands] : [bands]
  // The height falls with the pitch, nearly always: the few exceptions cost a pixel of a cell, not correctness.
  let low = leastPitch
  let high = space.mostPitch ?? deskPitch
  while (low < high) {
    const middle = Math.ceil((low + high) / 2)
    if (shapes.some((shape) => shape(groups, middle, width, space.hasHeadings).height <= space.height)) low = middle
    else high = middle - 1
  }
  // A few groups are read best as bands; many as blocks, unless only bands fit.
  const plans = (groups.length <= mostBands ? [...shapes].reverse() : shapes).map((shape) =>
    shape(groups, low, width, space.hasHeadings),
  )
  const best = plans.reduce((one, other) => (one.height > space.height && other.height < one.height ? other : one))
  return placeCells(best, low, width, space.hasHeadings ? headingHeight : 0)
}

/** Gaps are thin where cells are small. */
function gapOf(pitch: number): number {
  if (pitch >= 40) return 4
  if (pitch >= 18) return 3
  return pitch >= 10 ? 2 : 1
}

interface Plan {
  groups: PlacedGroup[]
  height: number
}

/** Nearly square blocks, a little wider than high. */
function blocks(groups: readonly GridGroup[], pitch: number, width: number): Plan {
  const widest = Math.max(1, Math.floor(width / pitch))
  const placed: PlacedGroup[] = []
  let x = 0
  let y = 0
  let first = 0
  let rowHeight = 0
  for (const { key, count } of groups) {
    const readable = Math.min(count, Math.ceil(headingWidth / pitch))
    const columns = Math.max(1, Math.min(widest, Math.max(evenColumns(count), readable)))
    const block = Math.min(width, Math.max(columns * pitch, headingWidth))
    if (x > 0 && x + block > width) {
      x = 0
      y += rowHeight + blockGap / 2
      rowHeight = 0
    }
    placed.push({ key, count, x, y, width: block, first, columns })
    rowHeight = Math.max(rowHeight, headingHeight + Math.ceil(count / columns) * pitch)
    x += block + blockGap
    first += count
  }
  return { groups: placed, height: y + rowHeight }
}

/** Columns that leave the last row as full as can be. */
function evenColumns(count: number): number {
  const least = Math.ceil(Math.sqrt(count * 1.5))
  let best = least
  for (let columns = least; columns <= least * 1.3; columns += 1) {
    const missing = (each: number) => Math.ceil(count / each) * each - count
    if (missing(columns) < missing(best)) best = columns
  }
  return best
}

/** Each group across the whole width. */
function bands(groups: readonly GridGroup[], pitch: number, width: number, hasHeadings: boolean): Plan {
  const columns = Math.max(1, Math.floor(width / pitch))
  const placed: PlacedGroup[] = []
  let y = 0
  let first = 0
  for (const { key, count } of groups) {
    placed.push({ key, count, x: 0, y, width, first, columns })
    y += (hasHeadings ? headingHeight + blockGap / 2 : 0) + Math.ceil(count / columns) * pitch
    first += count
  }
  return { groups: placed, height: Math.max(0, y - (hasHeadings && placed.length > 0 ? blockGap / 2 : 0)) }
}

function placeCells({ groups, height }: Plan, pitch: number, width: number, heading: number): GridLayout {
  const count = groups.reduce((sum, group) => sum + group.count, 0)
  const x = new Int32Array(count)
  const y = new Int32Array(count)
  for (const group of groups) {
    const top = group.y + heading
    for (let index = 0; index < group.count; index += 1) {
      x[group.first + index] = group.x + (index % group.columns) * pitch
      y[group.first + index] = top + Math.floor(index / group.columns) * pitch
    }
  }
  return { count, cell: pitch - gapOf(pitch), pitch, width, height, x, y, groups }
}
