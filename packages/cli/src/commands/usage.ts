import type { UsageJson } from '@navarch/api/jobs'
import type { CommandContext } from '../context.ts'
import { printDocument } from '../output/print.ts'
import { formatHours } from '../output/quantity.ts'
import { type Column, renderTable } from '../output/table.ts'
import { listTable } from '../show.ts'

export interface UsageOptions {
  by: UsageJson['by']
  /** ms before now */
  since: number
}

/** `navarch usage`: what each user, account or partition held and used. */
export async function usage(context: CommandContext, { by, since }: UsageOptions): Promise<number> {
  const client = await context.connect()
  const now = context.io.clock.now()
  const window = { start_time: new Date(now - since).toISOString(), end_time: new Date(now).toISOString() }
  const answer = await client.get<UsageJson>('usage', {}, { by, ...window })
  await printDocument(context, answer, () =>
    listTable(context, answer.rows, 'No jobs ran', (rows) => renderTable(columns(by), rows, context.table())),
  )
  return 0
}

function columns(by: UsageJson['by']): Column<UsageJson['rows'][number]>[] {
  return [
    { header: by.toUpperCase(), cell: (row) => row.name || '-' },
    { header: 'JOBS', cell: (row) => String(row.jobs), right: true },
    { header: 'FAILED', cell: (row) => String(row.jobs_failed), right: true },
    { header: 'CPU-HOURS', cell: (row) => formatHours(row.cpu_hours), right: true },
    { header: 'USED', cell: (row) => formatHours(row.cpu_hours_used), right: true },
    { header: 'GPU-HOURS', cell: (row) => formatHours(row.gpu_hours), right: true },
    { header: 'USED', cell: (row) => ofGpus(row, row.gpu_hours_used), right: true },
    { header: 'IDLE', cell: (row) => ofGpus(row, row.gpu_hours_idle), right: true },
    { header: 'KWH', cell: (row) => ofGpus(row, row.energy_kwh), right: true },
  ]
}

/** Where there were no GPUs, there is nothing that nobody measured. */
function ofGpus(row: UsageJson['rows'][number], value: number | null): string {
  return row.gpu_hours === 0 && value === null ? '-' : formatHours(value)
}
