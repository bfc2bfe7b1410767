import { describe, expect, it } from 'vitest'
import { visibleBands } from './visible-bands.ts'

describe('bands of the range that is shown', () => {
  const band = (from: number, to: number) => ({ from, to, text: 'fault', tone: 'act' as const })
  const shown = (from: number, to: number) =>
    visibleBands([band(from, to)], { from: 100, to: 200 }).map((one) => [one.from, one.to])

  it('are cut to it', () => {
    expect(shown(50, 150)).toEqual([[100, 150]])
    expect(shown(150, 250)).toEqual([[150, 200]])
  })
  it('may be of one moment', () => expect(shown(150, 150)).toEqual([[150, 150]]))
  it('are not drawn at an edge when they are elsewhere', () => {
    expect(shown(20, 20)).toEqual([])
    expect(shown(300, 300)).toEqual([])
  })
})
