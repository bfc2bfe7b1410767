import { describe, expect, it } from 'vitest'
import {
  formatAge,
  formatByteRate,
  formatBytes,
  formatCount,
  formatDuration,
  formatExact,
  formatExactTime,
  formatNumber,
  formatPercent,
  formatZone,
  plural,
} from './format.ts'

describe('numbers with their units', () => {
  it.each([
    [0, '0 B'],
    [1023, '1023 B'],
    [8 * 1024 ** 3, '8.0 GiB'],
    [640 * 1024 ** 3, '640 GiB'],
  ])('%d bytes are %s', (bytes, text) => expect(formatBytes(bytes)).toBe(text))

  it.each([
    [99.9, '99.9'],
    [0.001, '0.001'],
    [12_480.25, '12,480.25'],
  ])('a limit of %d is told as it was written', (limit, text) => expect(formatExact(limit)).toBe(text))

  it.each([
    [0, '0s'],
    [61, '1m 1s'],
    [600, '10m'],
    [4321, '1h 12m'],
    [86_400, '1d'],
    [90_000, '1d 1h'],
  ])('%d seconds are %s', (seconds, text) => expect(formatDuration(seconds)).toBe(text))

  it('tells ages in one part, and what is ahead', () => {
    expect(formatAge(0, 2000)).toBe('2 s ago')
    expect(formatAge(0, 300_000)).toBe('5 min ago')
    expect(formatAge(1_200_000, 0)).toBe('in 20 min')
  })

  it('says that a rate is one', () => expect(formatByteRate(128 * 1024 ** 2)).toBe('128 MiB/s'))

  it.each([
    [0, 'UTC'],
    [60, 'UTC+1'],
    [-210, 'UTC-3:30'],
    [345, 'UTC+5:45'],
  ])('%d minutes ahead of UTC are the zone %s', (minutes, text) => expect(formatZone(minutes)).toBe(text))

  it('tells the exact time with its zone', () => {
    expect(formatExactTime(Date.UTC(2026, 10, 21, 12))).toMatch(/^2026-11-2[12] \d\d:\d\d:00 UTC([+-]\d+(:\d\d)?)?$/)
  })

  it('never rounds something to nothing', () => {
    expect(formatPercent(0.2)).toBe('<1 %')
    expect(formatPercent(0)).toBe('0 %')
    expect(formatNumber(0.02)).toBe('<0.1')
    expect(formatNumber(0)).toBe('0')
  })

  it('counts', () => {
    expect(formatCount(12_480)).toBe('12,480')
    expect(formatNumber(9.42)).toBe('9.4')
    expect(formatNumber(9.97)).toBe('10')
    expect(plural(1, 'node')).toBe('1 node')
    expect(plural(2, 'job')).toBe('2 jobs')
  })
})
