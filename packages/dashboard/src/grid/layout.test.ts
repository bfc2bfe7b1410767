import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { cellAt, cellsWithin, neighbour } from './hit-test.ts'
import { layoutCells } from './layout.ts'

const anyGroups = fc
  .array(fc.integer({ min: 1, max: 400 }), { minLength: 1, maxLength: 40 })
  .map((counts) => counts.map((count, index) => ({ key: `r${index}`, count })))
const anySpace = fc.record({
  width: fc.integer({ min: 200, max: 3000 }),
  height: fc.integer({ min: 60, max: 1500 }),
  hasHeadings: fc.constant(true),
})

describe('the places of cells', () => {
  it('grow where there are few and shrink where there are many', () => {
    const side = (count: number) =>
      layoutCells([{ key: '', count }], { width: 1200, height: 600, hasHeadings: false }).pitch
    expect([8, 200, 2_000, 10_000].map(side)).toEqual([72, 60, 18, 8])
  })

  it('fill a wall where there are few', () => {
    const groups = [7, 8, 7, 7, 7, 7].map((count, index) => ({ key: `r${index}`, count }))
    const wall = layoutCells(groups, { width: 1880, height: 900, hasHeadings: true, mostPitch: 360 })
    expect(wall.pitch).toBeGreaterThan(120)
    expect(wall.height).toBeGreaterThan(600)
    expect(wall.height).toBeLessThanOrEqual(900)
  })

  it('use more height than there is, rather than cells that nobody can hit', () => {
    const layout = layoutCells([{ key: '', count: 10_000 }], { width: 330, height: 300, hasHeadings: false })
    expect(layout).toMatchObject({ pitch: 5, height: 760 })
  })

  it('are within the width and the height, apart from each other, below their headings', () => {
    fc.assert(
      fc.property(anyGroups, anySpace, (groups, space) => {
        const layout = layoutCells(groups, space)
        const taken = new Set<string>()
        for (let index = 0; index < layout.count; index += 1) {
          const x = layout.x[index] ?? -1
          const y = layout.y[index] ?? -1
          expect(x >= 0 && x + layout.cell <= layout.width && y >= 18 && y + layout.cell <= layout.height).toBe(true)
          taken.add(`${x} ${y}`)
        }
        expect(taken.size).toBe(groups.reduce((sum, { count }) => sum + count, 0))
        if (layout.pitch > 5) expect(layout.height).toBeLessThanOrEqual(space.height)
      }),
      { numRuns: 60 },
    )
  })

  it('do not overlap another group or its heading', () => {
    fc.assert(
      fc.property(anyGroups, anySpace, (groups, space) => {
        const { groups: placed, y, pitch } = layoutCells(groups, space)
        const boxes = placed.map(({ x, y: top, width, first, count }) => ({
          left: x,
          right: x + width,
          top,
          bottom: (y[first + count - 1] ?? 0) + pitch,
        }))
        for (const [index, one] of boxes.entries()) {
          for (const other of boxes.slice(index + 1)) {
            expect(
              one.right <= other.left || other.right <= one.left || one.bottom <= other.top || other.bottom <= one.top,
            ).toBe(true)
          }
        }
      }),
      { numRuns: 60 },
    )
  })
})

describe('finding a cell', () => {
  it('by its middle gives it back', () => {
    fc.assert(
      fc.property(anyGroups, anySpace, (groups, space) => {
        const layout = layoutCells(groups, space)
        for (let index = 0; index < layout.count; index += 7) {
          const half = layout.cell / 2
          expect(cellAt(layout, (layout.x[index] ?? 0) + half, (layout.y[index] ?? 0) + half)).toBe(index)
        }
      }),
      { numRuns: 40 },
    )
  })

  const layout = layoutCells(
    [
      { key: 'a', count: 6 },
      { key: 'b', count: 5 },
    ],
    { width: 400, height: 100, hasHeadings: true },
  )

  it('finds none on headings and behind the last', () => {
    expect(cellAt(layout, 3, 5)).toBeUndefined()
    expect(cellAt(layout, 399, 99)).toBeUndefined()
    expect(cellAt(layout, -1, 30)).toBeUndefined()
  })

  it('by a frame, from any corner', () => {
    const all = Array.from({ length: 11 }, (_, index) => index)
    expect(cellsWithin(layout, { x: 400, y: 100 }, { x: 0, y: 0 })).toEqual(all)
    expect(cellsWithin(layout, { x: 0, y: 0 }, { x: 400, y: 10 })).toEqual([])
  })

  it('by arrow keys reaches every cell and stays at the edges', () => {
    expect(neighbour(layout, 0, 'left')).toBe(0)
    expect(neighbour(layout, 10, 'right')).toBe(10)
    expect(neighbour(layout, 5, 'right')).toBe(6)
    expect(neighbour(layout, 4, 'first')).toBe(0)
    expect(neighbour(layout, 4, 'last')).toBe(10)
    const below = neighbour(layout, 0, 'down')
    expect(layout.y[below]).toBeGreaterThan(layout.y[0] ?? 0)
    expect(neighbour(layout, below, 'up')).toBe(0)
  })
})
