import type { NodeJson } from '@navarch/api/rest'
import type { CommandContext } from '../context.ts'
import { ofKnownNames } from '../known-names.ts'
import { formatAge } from '../output/age.ts'
import { word } from '../output/style.ts'
import { type Column, renderTable } from '../output/table.ts'
import { listTable, show } from '../show.ts'

export interface ListOptions {
  provider?: string
  region?: string
  status?: string
  pool?: string
  health?: string
  watch?: boolean
}

/** `navarch list`: the fleet, one node a line. */
export async function list(context: CommandContext, { watch = false, ...filter }: ListOptions): Promise<number> {
  const client = await context.connect()
  const filtered = Object.keys(filter).length > 0
  return show(
    context,
    { watch },
    {
      fetch: async () => ofKnownNames(client, { pool: filter.pool }, await client.list<NodeJson>('nodes', filter)),
      table: (nodes) =>
        listTable(context, nodes, filtered ? 'No nodes match' : 'No nodes found', (rows) =>
          renderTable(columns(context.io.clock.now(), context.output === 'wide'), rows, context.table()),
        ),
    },
  )
}

function columns(now: number, wide: boolean): Column<NodeJson>[] {
  return [
    { header: 'NODE', cell: (node) => node.id },
    { header: 'POOL', cell: (node) => node.pool || '-' },
    { header: 'STATUS', cell: (node) => word(node.status) },
    { header: 'HEALTH', cell: (node) => word(node.health) },
    { header: 'GPUS', cell: gpuCount, right: true },
    { header: 'UTIL', cell: utilization, right: true },
    { header: 'HEARTBEAT', cell: (node) => word(formatAge(node.last_heartbeat, now)) },
    ...(wide ? wideColumns : []),
    { header: 'REASON', cell: (node) => node.health_reason || node.hold?.reason || node.slurm?.reason || '-' },
  ]
}

const wideColumns: Column<NodeJson>[] = [
  { header: 'PROVIDER', cell: (node) => node.provider || '-' },
  { header: 'REGION', cell: (node) => node.region || '-' },
  { header: 'ZONE', cell: (node) => node.zone || '-' },
  { header: 'INSTANCE-TYPE', cell: (node) => node.instance_type || '-' },
  { header: 'SLURM', cell: (node) => node.slurm?.state ?? 'unknown' },
  { header: 'JOBS', cell: (node) => (node.slurm ? String(node.slurm.jobs.length) : 'unknown'), right: true },
  { header: 'ADDRESS', cell: (node) => node.address ?? 'unknown' },
]

/** A node that never registered has not said how many GPUs it has. */
function gpuCount(node: NodeJson): string {
  return node.registered_at === null && node.gpu_count === 0 ? 'unknown' : String(node.gpu_count)
}

/** Mean of the GPUs that reported one. */
function utilization(node: NodeJson): string {
  const known = node.gpus.map((gpu) => gpu.utilization).filter((percent) => percent !== null)
  if (known.length === 0) return node.gpu_count === 0 && node.registered_at !== null ? '-' : 'unknown'
  return `${Math.round(known.reduce((sum, percent) => sum + percent, 0) / known.length)}%`
}
