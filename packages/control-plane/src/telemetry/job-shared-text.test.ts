import { type Metric, renderMetrics } from '@navarch/metrics/exposition'
import { createManualClock } from '@navarch/system/manual-clock'
import { describe, expect, it } from 'vitest'
import { renderInTurns, shareText } from './job-shared-text.ts'

function counting(costMs: number) {
  const clock = createManualClock()
  let made = 0
  const text = shareText(async () => {
    const mine = ++made
    if (costMs > 0) await clock.sleep(costMs)
    return `text ${mine}`
  }, clock.now)
  return { clock, text, made: () => made }
}

describe('a shared text', () => {
  it('is made once for all who ask while it is made', async () => {
    const { clock, text, made } = counting(100)
    const both = Promise.all([text(), text()])
    await clock.advance(100)
    expect(await both).toEqual(['text 1', 'text 1'])
    expect(made()).toBe(1)
  })

  it('is told for nine times as long as it took', async () => {
    const { clock, text } = counting(100)
    const first = text()
    await clock.advance(100)
    await first
    await clock.advance(899)
    expect(await text()).toBe('text 1')
    await clock.advance(1)
    const second = text()
    await clock.advance(100)
    expect(await second).toBe('text 2')
  })

  it('that costs nothing is made each time', async () => {
    const { text } = counting(0)
    expect([await text(), await text()]).toEqual(['text 1', 'text 2'])
  })

  it('that could not be made is made anew', async () => {
    let fails = true
    const text = shareText(async () => {
      if (fails) throw new Error('no store')
      return 'text'
    }, createManualClock().now)
    await expect(text()).rejects.toThrow('no store')
    fails = false
    expect(await text()).toBe('text')
  })
})

describe('metrics that are rendered in turns', () => {
  it('are the same text', async () => {
    const labels = { node: 'a "quoted"\\ name' }
    const metrics = ['up', 'load'].map(
      (name): Metric => ({
        ...{ name, help: 'h', type: 'gauge' },
        samples: [{ labels, value: 1 }, { value: Number.NaN }, { labels: {}, value: 2 }],
      }),
    )
    expect(await renderInTurns(metrics)).toBe(renderMetrics(metrics))
    expect(renderMetrics(metrics)).toContain('up{node="a \\"quoted\\"\\\\ name"} 1\nup NaN\nup 2\n')
  })
})
