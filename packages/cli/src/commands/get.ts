import type { GpuJson, HealthEventJson, NodeJson, OperationJson } from '@navarch/api/rest'
import type { CommandContext } from '../context.ts'
import { formatAge } from '../output/age.ts'
import { word } from '../output/style.ts'
import { type Cell, type Column, renderFields, renderTable, type TableOptions } from '../output/table.ts'
import { show } from '../show.ts'

/** `navarch get NODE`: everything about one node. */
export async function get(context: CommandContext, id: string, options: { watch?: boolean }): Promise<number> {
  const client = await context.connect()
  return show(context, options, {
    fetch: async () => {
      const node = await client.get<NodeJson>('node', { id })
      const operations =
        node.operations.length === 0 ? [] : await client.list<OperationJson>('operations', { node: node.id })
      return { node, operations }
    },
    printed: ({ node }) => node,
    table: ({ node, operations }) => describeNode(node, operations, context.io.clock.now(), context.table()),
  })
}

/** An operation of a node, and whether it goes on by itself. */
function operationText(id: string, operations: readonly OperationJson[]): string {
  const operation = operations.find((each) => each.id === id)
  if (!operation) return id
  return operation.state === 'waiting_for_approval'
    ? `${id} (${operation.kind} waits for approval: navarch operation approve ${id})`
    : `${id} (${operation.kind}: ${operation.step})`
}

function describeNode(
  node: NodeJson,
  operations: readonly OperationJson[],
  now: number,
  options: TableOptions,
): string {
  const known = (text: string | null) => text || 'unknown'
  const fields: (readonly [string, Cell])[] = [
    ['Node', node.id],
    ['Pool', node.pool || '-'],
    ['Status', word(node.status)],
    ['Health', word(node.health)],
    ...(node.health_reason ? [['Reason', node.health_reason] as const] : []),
    ...(node.hold
      ? [['Held', `${node.hold.action} ${formatAge(node.hold.since, now)}: ${node.hold.reason}`] as const]
      : []),
    ['Heartbeat', word(formatAge(node.last_heartbeat, now))],
    ['Slurm', slurmText(node, now)],
    ['Operations', node.operations.map((each) => operationText(each, operations)).join(', ') || 'none'],
    ['Provider', node.provider || '-'],
    ['Region', [node.region, node.zone].filter(Boolean).join(' / ') || '-'],
    ['Instance type', node.instance_type || '-'],
    ['Machine', known(node.machine_id)],
    ['Address', known(node.address)],
    ['Host name', known(node.metadata.hostname)],
    ['Kernel', known(node.metadata.kernel_version)],
    ['Agent', known(node.agent_version)],
    [
      'Labels',
      Object.entries(node.metadata.labels)
        .map(([key, value]) => `${key}=${value}`)
        .join(', ') || 'none',
    ],
  ]
  return [
    renderFields(fields, options),
    section('GPUs', node.gpus, gpuColumns, options),
    section('Health events', node.health_events, eventColumns(now), options),
  ].join('')
}

function section<Row>(title: string, rows: readonly Row[], columns: Column<Row>[], options: TableOptions): string {
  return rows.length === 0 ? '' : `\n${title} (${rows.length}):\n${renderTable(columns, rows, options)}`
}

function slurmText({ slurm }: NodeJson, now: number): string {
  if (!slurm) return 'unknown'
  const reason = slurm.reason ? ` (${slurm.reason})` : ''
  const jobs = slurm.jobs.length ? `jobs ${slurm.jobs.join(', ')}` : 'no jobs'
  return `${slurm.state}${reason}, ${jobs}, partitions ${slurm.partitions.join(', ') || 'none'}, seen ${formatAge(slurm.seen_at, now)}`
}

const unless = (value: number | null, unit: string) => (value === null ? 'unknown' : `${Math.round(value)}${unit}`)
const gibibytes = (bytes: number | null) => unless(bytes === null ? null : bytes / 2 ** 30, '')

const gpuColumns: Column<GpuJson>[] = [
  { header: 'INDEX', cell: (gpu) => String(gpu.index), right: true },
  { header: 'NAME', cell: (gpu) => gpu.name },
  { header: 'BUS', cell: (gpu) => gpu.pci_bus_id },
  { header: 'UTIL', cell: (gpu) => unless(gpu.utilization, '%'), right: true },
  { header: 'TEMP', cell: (gpu) => unless(gpu.temperature_celsius, 'C'), right: true },
  { header: 'POWER', cell: (gpu) => unless(gpu.power_watts, 'W'), right: true },
  {
    header: 'MEMORY',
    cell: (gpu) => `${gibibytes(gpu.memory_used)} / ${gibibytes(gpu.memory_total)} GiB`,
    right: true,
  },
  { header: 'UUID', cell: (gpu) => gpu.uuid },
]

function eventColumns(now: number): Column<HealthEventJson>[] {
  return [
    { header: 'SEEN', cell: (event) => formatAge(event.last_seen_at, now) },
    { header: 'HOLDS', cell: (event) => (event.active ? { text: 'yes', tone: 'bad' } : 'no') },
    { header: 'CODE', cell: (event) => event.code },
    { header: 'GPU', cell: (event) => (event.gpu_index === null ? '-' : String(event.gpu_index)), right: true },
    { header: 'CLASS', cell: (event) => event.class },
    { header: 'COUNT', cell: (event) => String(event.count), right: true },
    { header: 'MESSAGE', cell: (event) => event.message },
  ]
}
