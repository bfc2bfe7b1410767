import { createManualClock } from '@navarch/system/manual-clock'
import { beforeEach, describe, expect, it } from 'vitest'
import { createGpuLooks, type GpuLooks } from './gpu-looks.ts'

describe('looks at GPUs for jobs', () => {
  const start = 1_000_000
  let clock: ReturnType<typeof createManualClock>
  let looks: GpuLooks
  /** When it was looked, ms after the start. */
  let at: number[]
  beforeEach(() => {
    clock = createManualClock(start)
    at = []
    looks = createGpuLooks(clock, () => at.push(clock.now() - start))
  })

  it('are taken as a job begins', () => {
    looks.onStart()
    expect(at).toEqual([0])
  })

  it('come half a second later at most for a job that begins right after a look, and once for several', async () => {
    looks.onStart()
    await clock.advance(100)
    looks.onStart()
    await clock.advance(300)
    looks.onStart()
    expect(at).toEqual([0])
    await clock.advance(10_000)
    expect(at).toEqual([0, 500])
  })

  it('are two a second at most, however many jobs begin', async () => {
    for (let jobs = 0; jobs < 100; jobs++) {
      looks.onStart()
      await clock.advance(50)
    }
    expect(at).toHaveLength(11)
    expect(at.every((time, index) => time === index * 500)).toBe(true)
  })

  it('come less often as jobs grow older, and not at all for old ones', async () => {
    for (let age = 0; age <= 120_000; age += 1000) {
      looks.onAge(age)
      await clock.advance(1000)
    }
    expect(at.filter((time) => time < 10_000)).toEqual([0, 2000, 4000, 6000, 8000])
    expect(at.filter((time) => time >= 10_000 && time < 60_000)).toHaveLength(10)
    expect(at.at(-1)).toBeLessThan(60_000)
  })

  it('are left out where somebody has just looked', async () => {
    looks.onLooked()
    await clock.advance(1999)
    looks.onAge(0)
    expect(at).toEqual([])
    await clock.advance(1)
    looks.onAge(0)
    expect(at).toEqual([2000])
  })

  it('end with the agent', async () => {
    looks.onStart()
    looks.onStart()
    looks.close()
    await clock.advance(10_000)
    expect(at).toEqual([0])
  })
})
