import { describe, expect, it } from 'vitest'
import { timeTexts } from './time-axis.ts'

describe('times at an axis', () => {
  const local = (...parts: [number, number, number, number, number, number]) => new Date(...parts).getTime() / 1000

  it('are of the clock on the wall, with the day where one begins', () => {
    const ticks = [22, 24, 26].map((hour) => local(2026, 10, 20, hour, 0, 0))
    expect(timeTexts(ticks)).toEqual(['22:00', '11-21', '02:00'])
  })
  it('have seconds where the steps are so short', () => {
    expect(timeTexts([0, 30].map((second) => local(2026, 10, 20, 9, 5, second)))).toEqual(['09:05:00', '09:05:30'])
  })
  it('are days where the steps are so long', () => {
    expect(timeTexts([20, 22].map((day) => local(2026, 10, day, 0, 0, 0)))).toEqual(['11-20', '11-22'])
  })
  it('have no seconds when there is one alone', () => {
    expect(timeTexts([local(2026, 10, 20, 9, 5, 0)])).toEqual(['09:05'])
  })
})
