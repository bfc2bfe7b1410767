import type { JobReportJson } from '@navarch/api/jobs'
import { Link } from '@tanstack/react-router'
import { Empty } from '../../components/feedback.tsx'
import { type Column, Table } from '../../components/table.tsx'
import { Id, Value } from '../../components/value.tsx'
import { formatBytes, formatDuration, formatPercent } from '../../lib/format.ts'

type NodeReport = JobReportJson['nodes'][number]

const columns: readonly Column<NodeReport>[] = [
  {
    key: 'node',
    title: 'Node',
    width: 'minmax(92px, 1fr)',
    cell: ({ node }) => (
      <Link to="/nodes/$id" params={{ id: node }}>
        <Id>{node}</Id>
      </Link>
    ),
  },
  {
    key: 'cpu',
    title: 'CPU',
    width: '70px',
    align: 'end',
    isExtra: true,
    cell: (row) => <Value value={row.cpu_percent} format={formatPercent} />,
  },
  {
    key: 'memory',
    title: 'Memory, most',
    width: '92px',
    align: 'end',
    cell: (row) => <Value value={row.memory_max_bytes} format={formatBytes} />,
  },
  {
    key: 'gpu',
    title: 'GPUs, mean',
    width: '82px',
    align: 'end',
    cell: ({ gpus }) => (gpus.length === 0 ? 'none' : <Value value={meanUse(gpus)} format={formatPercent} />),
  },
  {
    key: 'idle',
    title: 'GPU idle, most',
    width: '110px',
    align: 'end',
    isExtra: true,
    cell: ({ gpus }) => <Value value={most(gpus.map(({ idle_seconds }) => idle_seconds))} format={formatDuration} />,
  },
  {
    key: 'temperature',
    title: 'Hottest',
    width: '80px',
    align: 'end',
    isExtra: true,
    cell: ({ gpus }) => (
      <Value value={most(gpus.map(({ temperature_max }) => temperature_max))} format={(value) => `${value} °C`} />
    ),
  },
  {
    key: 'oom',
    title: 'OOM kills',
    width: '80px',
    align: 'end',
    isExtra: true,
    cell: (row) => <Value value={row.oom_kills} format={String} />,
  },
  { key: 'exit', title: 'Exit', width: '60px', align: 'end', isExtra: true, cell: (row) => exitOf(row) },
  {
    key: 'source',
    title: 'Measured by',
    width: '1fr',
    isExtra: true,
    cell: ({ source }) => (source === 'none' ? 'nobody' : source),
  },
]

/** What the job used on each of its nodes. */
export function JobNodes({ report: { nodes } }: { report: JobReportJson }) {
  if (nodes.length === 0) return <Empty title="No node has told of it yet." />
  return <Table label="Nodes of the job" rows={nodes} columns={columns} keyOf={({ node }) => node} />
}

function meanUse(gpus: NodeReport['gpus']): number | null {
  const known = gpus.flatMap(({ utilization_mean }) => (utilization_mean === undefined ? [] : [utilization_mean]))
  return known.length === 0 ? null : known.reduce((sum, value) => sum + value, 0) / known.length
}

function most(values: readonly (number | undefined)[]): number | null {
  const known = values.filter((value) => value !== undefined)
  return known.length === 0 ? null : Math.max(...known)
}

function exitOf({ exit_code, signal }: NodeReport): string {
  if (signal !== undefined && signal !== 0) return `sig ${signal}`
  return exit_code === undefined ? '' : String(exit_code)
}
