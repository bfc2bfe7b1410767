import { describe, expect, it } from 'vitest'
import { heldIdleShare, usageCsv } from './usage-csv.ts'

const row = {
  name: 'alice',
  jobs: 3,
  jobs_failed: 1,
  cpu_hours: 10,
  cpu_hours_used: null,
  gpu_hours: 8,
  gpu_hours_measured: 4,
  gpu_hours_used: 2,
  gpu_hours_idle: 1,
  energy_kwh: null,
}

describe('usage as CSV', () => {
  it('leaves empty what is not known', () => {
    expect(usageCsv({ rows: [row] }).split('\n')[1]).toBe('alice,3,1,10,,8,4,2,1,')
  })
  it('quotes what would break a line, and what a spreadsheet would run', () => {
    expect(usageCsv({ rows: [{ ...row, name: 'a,"b"' }] })).toContain('"a,""b""",3')
    expect(usageCsv({ rows: [{ ...row, name: '=1+1' }] })).toContain("'=1+1,3")
  })
})

it('tells the idle share of what was measured, and nothing where nothing was', () => {
  expect(heldIdleShare(row)).toBe(25)
  expect(heldIdleShare({ gpu_hours_idle: null, gpu_hours_measured: 4 })).toBeNull()
  expect(heldIdleShare({ gpu_hours_idle: 0, gpu_hours_measured: 0 })).toBeNull()
})
