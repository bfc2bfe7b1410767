import type { NodeStoryJson } from '@navarch/api/views'
import { Link } from '@tanstack/react-router'
import { useNow } from '../../api/fleet-hooks.ts'
import { ToneChip } from '../../components/chips.tsx'
import { Empty } from '../../components/feedback.tsx'
import { type Column, Table } from '../../components/table.tsx'
import { Age, Id } from '../../components/value.tsx'
import { formatDuration } from '../../lib/format.ts'

type Job = NodeStoryJson['jobs'][number]

const tones: Record<string, 'good' | 'act' | 'info' | 'quiet'> = { running: 'info', completed: 'good', failed: 'act' }

const columns: readonly Column<Job>[] = [
  {
    key: 'id',
    title: 'Job',
    width: 'minmax(62px, 0.6fr)',
    cell: ({ id, run_id: run }) => (
      <Link to="/jobs/$id" params={{ id: run }}>
        <Id>{id}</Id>
      </Link>
    ),
  },
  { key: 'user', title: 'User', width: 'minmax(44px, 0.7fr)', cell: ({ user }) => user },
  {
    key: 'state',
    title: 'State',
    width: '88px',
    cell: ({ state }) => (
      <ToneChip tone={Object.hasOwn(tones, state) ? (tones[state] ?? 'quiet') : 'quiet'}>{state}</ToneChip>
    ),
  },
  { key: 'gpus', title: 'GPUs', width: '40px', align: 'end', isExtra: 'phone', cell: ({ gpus }) => gpus },
  { key: 'ran', title: 'Ran', width: '64px', align: 'end', isExtra: 'phone', cell: (job) => <Ran job={job} /> },
  { key: 'start', title: 'Began', width: 'minmax(66px, 84px)', align: 'end', cell: ({ start }) => <Age at={start} /> },
]

/** Jobs that were on a node, newest first. */
export function NodeJobs({ jobs }: { jobs: readonly Job[] }) {
  if (jobs.length === 0) return <Empty title="No job was here in this time." />
  return (
    <Table
      label="Jobs of this node"
      rows={jobs}
      columns={columns}
      keyOf={({ run_id: run }) => run}
      height={Math.min(300, jobs.length * 32 + 2)}
    />
  )
}

function Ran({ job: { start, end } }: { job: Job }) {
  const now = useNow(1000)
  return formatDuration(((end === null ? now : Date.parse(end)) - Date.parse(start)) / 1000)
}
