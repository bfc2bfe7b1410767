import type { UsageJson } from '@navarch/api/jobs'

const fields = [
  'name',
  'jobs',
  'jobs_failed',
  'cpu_hours',
  'cpu_hours_used',
  'gpu_hours',
  'gpu_hours_measured',
  'gpu_hours_used',
  'gpu_hours_idle',
  'energy_kwh',
] as const

/** Usage as CSV; what is not known is empty. Text that a spreadsheet would take for a formula is quoted with an apostrophe. */
export function usageCsv({ rows }: Pick<UsageJson, 'rows'>): string {
  const lines = rows.map((row) => fields.map((field) => cell(row[field])).join(','))
  return `${[fields.join(','), ...lines].join('\n')}\n`
}

function cell(value: string | number | null | undefined): string {
  if (value === null || value === undefined) return ''
  if (typeof value === 'number') return String(value)
  const text = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value
  return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}

/** Percent of the measured GPU hours that were held and idle; null where nothing was measured. */
export function heldIdleShare(
  row: Pick<UsageJson['rows'][number], 'gpu_hours_idle' | 'gpu_hours_measured'>,
): number | null {
  const { gpu_hours_idle: idle, gpu_hours_measured: measured } = row
  return idle === null || measured === undefined || measured === 0 ? null : (idle / measured) * 100
}
