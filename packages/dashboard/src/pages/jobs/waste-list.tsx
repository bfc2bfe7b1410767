import type { WasteJson } from '@navarch/api/jobs'
import { Link } from '@tanstack/react-router'
import { Empty } from '../../components/feedback.tsx'
import { type Column, Table } from '../../components/table.tsx'
import { Age, Id } from '../../components/value.tsx'
import { formatNumber } from '../../lib/format.ts'

const columns: readonly Column<WasteJson>[] = [
  {
    key: 'job',
    title: 'Job',
    width: 'minmax(56px, 0.6fr)',
    cell: (row) => (
      <Link to="/jobs/$id" params={{ id: row.run_id }}>
        <Id>{row.job_id}</Id>
      </Link>
    ),
  },
  { key: 'user', title: 'User', width: 'minmax(52px, 1fr)', cell: (row) => row.user },
  { key: 'account', title: 'Account', width: '1fr', isExtra: true, cell: (row) => row.account ?? '' },
  {
    key: 'idle',
    title: 'Idle of held',
    width: '78px',
    align: 'end',
    cell: (row) => `${row.gpus_idle} of ${row.gpus_held}`,
  },
  {
    key: 'since',
    title: 'Since',
    width: 'minmax(64px, 76px)',
    align: 'end',
    cell: (row) => <Age at={row.idle_since} />,
  },
  {
    key: 'hours',
    title: 'GPU hours',
    width: '90px',
    align: 'end',
    isExtra: true,
    cell: (row) => formatNumber(row.idle_gpu_hours),
  },
  { key: 'reason', title: 'Seen', width: '2fr', isExtra: true, cell: (row) => row.reason },
]

/** Running jobs that hold GPUs and do not use them. */
export function WasteList({ rows }: { rows: readonly WasteJson[] }) {
  if (rows.length === 0) {
    return (
      <Empty title="No running job holds GPUs without using them.">
        A GPU that its job has left at 0 % for ten minutes or longer is listed here.
      </Empty>
    )
  }
  return <Table label="GPUs that are held and idle" rows={rows} columns={columns} keyOf={(row) => row.run_id} />
}
