import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { formatTime, parseTime } from './rfc3339.ts'

describe('times', () => {
  it.each([
    ['1970-01-01T00:00:00Z', 0],
    ['1970-01-01t00:00:01.5z', 1500],
    ['1970-01-01 01:00:00+01:00', 0],
    ['1970-01-01T00:00:00.123456789Z', 123],
    ['1970-01-01T23:59:60Z', 86_400_000],
    ['1969-12-31T23:30:00-00:30', 0],
    ['0001-01-01T00:00:00Z', -62_135_596_800_000],
    ['2024-02-29T00:00:00Z', Date.UTC(2024, 1, 29)],
  ])('reads %s', (text, ms) => {
    expect(parseTime(text)).toBe(ms)
  })

  it.each([
    '',
    '2026-03-01',
    '2026-03-01T12:00Z',
    '2026-03-01T12:00:00',
    '2026-02-29T00:00:00Z',
    '2026-04-31T00:00:00Z',
    '2026-13-01T00:00:00Z',
    '2026-00-10T00:00:00Z',
    '2026-03-00T00:00:00Z',
    '2026-03-01T25:00:00Z',
    '2026-03-01T12:61:00Z',
    '2026-03-01T12:00:61Z',
    '2026-03-01T12:00:00+25:00',
    '+012026-03-01T12:00:00Z',
    '1772366400',
  ])('refuses %j', (text) => {
    expect(parseTime(text)).toBeUndefined()
  })

  it('are read as they were written', () => {
    fc.assert(
      fc.property(fc.date({ min: new Date(0), max: new Date('9999-12-31'), noInvalidDate: true }), (date) => {
        expect(parseTime(formatTime(date.getTime()))).toBe(date.getTime())
      }),
    )
  })

  it('never fail', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(['number', 'undefined']).toContain(typeof parseTime(text))
      }),
    )
  })
})
