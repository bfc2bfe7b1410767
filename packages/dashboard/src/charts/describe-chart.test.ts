import { describe, expect, it } from 'vitest'
import { describeChart } from './describe-chart.ts'

describe('a chart in words', () => {
  const format = (value: number) => `${value} %`
  const words = (values: (number | null)[]) => describeChart({ lines: [{ label: 'use', values, color: '' }], format })

  it('has the newest value, the least and the greatest', () => {
    expect(words([5, 90, null, 40])).toBe('use: 40 % now, from 5 % to 90 %.')
  })
  it('does not take an old value for that of now', () => {
    expect(words([5, 90, null])).toBe('use: not known now, 90 % before, from 5 % to 90 %.')
  })
  it('says that nothing is known', () => {
    expect(words([null, null])).toBe('use: not known.')
  })
})
