import { describe, expect, it } from 'vitest'
import { bar, formatBytes, formatCpuTime, formatDuration, formatHours, formatPercent } from './quantity.ts'

describe('quantities', () => {
  it.each([
    [0, '0 B'],
    [1023, '1023 B'],
    [1536, '1.5 KiB'],
    [8 * 1024 ** 3, '8.0 GiB'],
  ])('%d bytes are %s', (bytes, text) => expect(formatBytes(bytes)).toBe(text))

  it.each([
    [0, '00:00:00'],
    [61.9, '00:01:01'],
    [86_399, '23:59:59'],
    [93_784, '1-02:03:04'],
  ])('%d seconds are %s', (seconds, text) => expect(formatDuration(seconds)).toBe(text))

  it.each([
    [0, '0.00 s'],
    [0.418, '0.42 s'],
    [59.99, '59.99 s'],
    [59.996, '00:00:59'],
    [3600, '01:00:00'],
  ])('%d seconds of CPU time are %s', (seconds, text) => expect(formatCpuTime(seconds)).toBe(text))

  it.each([
    [0, '0.0'],
    [0.001, '<0.01'],
    [0.26, '0.26'],
    [0.996, '1.0'],
    [1234.56, '1234.6'],
  ])('%d hours are %s', (hours, text) => expect(formatHours(hours)).toBe(text))

  it('says unknown where nobody could measure', () => {
    expect([
      formatPercent(undefined),
      formatPercent(null),
      formatPercent(0.4),
      formatHours(null),
      formatHours(0),
    ]).toEqual(['unknown', 'unknown', '0%', 'unknown', '0.0'])
  })

  it('draws bars that never leave their frame', () => {
    expect([bar(0, 4), bar(50, 4), bar(250, 4)]).toEqual(['[    ]', '[||  ]', '[||||]'])
  })
})
