import type { WasteJson } from '@navarch/api/jobs'
import type { CommandContext } from '../../context.ts'
import { formatAge } from '../../output/age.ts'
import { nodeList } from '../../output/job-words.ts'
import { formatHours } from '../../output/quantity.ts'
import { type Column, renderTable } from '../../output/table.ts'
import { listTable, show } from '../../show.ts'

export interface WasteOptions {
  user?: string
  account?: string
  partition?: string
  node?: string
  limit: number
  watch?: boolean
}

/** `navarch jobs --waste`: who holds GPUs and does not use them, the largest waste first. */
export async function waste(context: CommandContext, options: WasteOptions): Promise<number> {
  const client = await context.connect()
  const { node, limit, watch = false } = options
  const fits = (row: WasteJson) =>
    (['user', 'account', 'partition'] as const).every((key) => options[key] === undefined || row[key] === options[key])
  const mine = (row: WasteJson) => fits(row) && (node === undefined || row.nodes.includes(node))
  return show(
    context,
    { watch },
    {
      fetch: async () => (await client.list<WasteJson>('waste')).filter(mine).slice(0, limit),
      news: (rows) => rows.map(({ run_id, gpus_idle, nodes }) => ({ run_id, gpus_idle, nodes })),
      table: (rows) =>
        listTable(context, rows, 'No GPUs are held idle', (found) =>
          renderTable(columns(context.io.clock.now()), found, context.table()),
        ),
    },
  )
}

function columns(now: number): Column<WasteJson>[] {
  return [
    { header: 'JOB', cell: (row) => row.job_id },
    { header: 'USER', cell: (row) => row.user },
    { header: 'NAME', cell: (row) => row.name ?? '-' },
    { header: 'PARTITION', cell: (row) => row.partition ?? '-' },
    { header: 'IDLE', cell: (row) => `${row.gpus_idle} of ${row.gpus_held}`, right: true },
    { header: 'GPU-HOURS', cell: (row) => formatHours(row.idle_gpu_hours), right: true },
    { header: 'SINCE', cell: (row) => formatAge(row.idle_since, now) },
    { header: 'NODES', cell: (row) => nodeList(row.nodes) },
    { header: 'REASON', cell: (row) => row.reason },
  ]
}
