import type { NodeJson } from '@navarch/api/rest'
import { formatAge } from '../output/age.ts'
import { word } from '../output/style.ts'
import { type Cell, type Column, renderFields, renderTable, type TableOptions } from '../output/table.ts'

const gib = 1024 ** 3

/**
 * Nodes, one a row.
 * @param now ms since the epoch, for ages
 */
export function nodesTable(nodes: readonly NodeJson[], now: number, wide: boolean, options: TableOptions): string {
  return renderTable(nodeColumns(now, wide), nodes, options)
}

function nodeColumns(now: number, wide: boolean): Column<NodeJson>[] {
  const more: Column<NodeJson>[] = [
    { header: 'PROVIDER', cell: (node) => orDash(node.provider) },
    { header: 'REGION', cell: (node) => orDash(node.region) },
    { header: 'ZONE', cell: (node) => orDash(node.zone) },
    { header: 'INSTANCE TYPE', cell: (node) => orDash(node.instance_type) },
    { header: 'SLURM', cell: (node) => node.slurm?.state ?? word('unknown') },
    { header: 'ADDRESS', cell: (node) => node.address ?? word('unknown') },
  ]
  return [
    { header: 'NODE', cell: (node) => node.id },
    { header: 'POOL', cell: (node) => orDash(node.pool) },
    { header: 'STATUS', cell: (node) => word(node.status) },
    { header: 'HEALTH', cell: (node) => word(node.health) },
    { header: 'GPUS', cell: gpuCount, right: true },
    { header: 'UTIL', cell: utilization, right: true },
    { header: 'HEARTBEAT', cell: (node) => heartbeat(node, now) },
    ...(wide ? more : []),
    { header: 'REASON', cell: reasonOf },
  ]
}

/** All that is known of one node, in sections. */
export function nodeDetails(node: NodeJson, now: number, options: TableOptions): string {
  const { metadata, slurm, hold } = node
  const labels = Object.entries(metadata.labels).map(([key, value]) => `${key}=${value}`)
  const fields = renderFields(
    [
      ['Node ID', node.id],
      ['Pool', orDash(node.pool)],
      ['Status', word(node.status)],
      ['Health', word(node.health)],
      ['Reason', reasonOf(node)],
      ['Last Heartbeat', heartbeat(node, now)],
      ['Provider', orDash(node.provider)],
      ['Region', orDash(node.region)],
      ['Zone', orDash(node.zone)],
      ['Instance Type', orDash(node.instance_type)],
      ['Machine', node.machine_id ?? word('unknown')],
      ['Address', node.address ?? word('unknown')],
      ['Slurm', slurm ? `${slurm.state}${slurm.reason && ` (${slurm.reason})`}, ${formatAge(slurm.seen_at, now)}` : word('unknown')],
      ['Partitions', orDash(slurm?.partitions.join(', '))],
      ['Jobs', orDash(slurm?.jobs.join(', '))],
      ['Held', hold ? `${hold.action}, ${formatAge(hold.since, now)}: ${hold.reason}` : 'no'],
      ['Operations', orDash(node.operations.join(', '))],
      ['Hostname', orDash(metadata.hostname)],
      ['Internal IP', orDash(metadata.internal_ip)],
      ['External IP', orDash(metadata.external_ip)],
      ['Kernel', orDash(metadata.kernel_version)],
      ['Labels', orDash(labels.join(', '))],
      ['Agent', orDash(node.agent_version)],
      ['Registered', formatAge(node.registered_at, now)],
    ],
    options,
  )
  return [fields, gpuSection(node, options), eventSection(node, now, options)].filter((text) => text !== '').join('\n')
}

function gpuSection({ gpus }: NodeJson, options: TableOptions): string {
  if (gpus.length === 0) return ''
  return renderTable(
    [
      { header: 'GPU', cell: (gpu) => String(gpu.index), right: true },
      { header: 'UUID', cell: (gpu) => orDash(gpu.uuid) },
      { header: 'PCI BUS ID', cell: (gpu) => orDash(gpu.pci_bus_id) },
      { header: 'UTIL', cell: (gpu) => measured(gpu.utilization, '%'), right: true },
      { header: 'TEMP', cell: (gpu) => measured(gpu.temperature_celsius, ' C'), right: true },
      { header: 'POWER', cell: (gpu) => measured(gpu.power_watts, ' W'), right: true },
      { header: 'MEMORY', cell: (gpu) => measured(gpu.memory_total === null ? null : gpu.memory_total / gib, ' GiB'), right: true },
      { header: 'NAME', cell: (gpu) => orDash(gpu.name) },
    ],
    gpus,
    options,
  )
}

function eventSection({ health_events: events }: NodeJson, now: number, options: TableOptions): string {
  if (events.length === 0) return ''
  return renderTable(
    [
      { header: 'HEALTH EVENT', cell: (event) => formatAge(event.at, now) },
      { header: 'STILL', cell: (event) => (event.active ? { text: 'yes', tone: 'bad' } : 'no') },
      { header: 'CODE', cell: (event) => event.code },
      { header: 'CLASS', cell: (event) => event.class },
      { header: 'GPU', cell: (event) => orDash(event.gpu_index?.toString() ?? event.pci_bus_id ?? '') },
      { header: 'COUNT', cell: (event) => String(event.count), right: true },
      { header: 'MESSAGE', cell: (event) => event.message },
    ],
    events,
    options,
  )
}

/** A node that never reported has GPUs all the same: how many is not known. */
function gpuCount(node: NodeJson): Cell {
  return node.registered_at === null && node.gpu_count === 0 ? word('unknown') : String(node.gpu_count)
}

/** The mean of the GPUs that said how busy they are. */
function utilization({ gpus }: NodeJson): Cell {
  const known = gpus.flatMap((gpu) => (gpu.utilization === null ? [] : [gpu.utilization]))
  if (known.length === 0) return word('unknown')
  return measured(known.reduce((sum, value) => sum + value, 0) / known.length, '%')
}

function measured(value: number | null, unit: string): Cell {
  return value === null ? word('unknown') : `${Math.round(value)}${unit}`
}

function heartbeat(node: NodeJson, now: number): Cell {
  return node.last_heartbeat === null ? word('never') : formatAge(node.last_heartbeat, now)
}

function reasonOf(node: NodeJson): string {
  return orDash(node.hold?.reason || (node.health === 'healthy' ? node.slurm?.reason : node.health_reason || node.slurm?.reason))
}

/** A text, or "-" where there is none. */
export function orDash(text: string | undefined): string {
  return text || '-'
}
