import { expect, it } from 'vitest'
import { chartCsv } from './chart-csv.ts'

it('a chart gives its data as CSV, with nothing where nothing is known', () => {
  const lines = [{ label: 'GPU 0, "left"', values: [1, null], color: '' }]
  const csv = chartCsv({ times: [0, 1000], lines, unit: '%', format: String })
  expect(csv).toBe('time,"GPU 0, ""left"" (%)"\n1970-01-01T00:00:00.000Z,1\n1970-01-01T00:00:01.000Z,\n')
})
