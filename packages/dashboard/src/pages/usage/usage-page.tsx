import { jobRoutes, type UsageJson } from '@navarch/api/jobs'
import { Link } from '@tanstack/react-router'
import { useMemo } from 'react'
import { useApi } from '../../api/queries.ts'
import { Meter } from '../../components/bars.tsx'
import { Empty, Loaded } from '../../components/feedback.tsx'
import { Page } from '../../components/page.tsx'
import { Panel } from '../../components/panel.tsx'
import { Switch } from '../../components/switch.tsx'
import { type Column, Table } from '../../components/table.tsx'
import { Id, Value } from '../../components/value.tsx'
import { now } from '../../lib/browser.ts'
import { formatCount, formatNumber } from '../../lib/format.ts'
import { keyOf } from '../../lib/key-of.ts'
import { withQuery } from '../../lib/path.ts'
import { useUrlState } from '../../lib/url-state.ts'
import { heldIdleShare, usageCsv } from './usage-csv.ts'

const groups = { user: 'user', account: 'account', partition: 'partition' } as const
const titles = { user: 'User', account: 'Account', partition: 'Partition' } as const
const spans = { '1': 'day', '7': 'week', '30': 'month' } as const
const dayMs = 86_400_000
/** The window's edges move by whole minutes, so that the same question has the same answer for that long. */
const minuteMs = 60_000

type UsageRow = UsageJson['rows'][number]

/** GPU hours by user, account or partition, and the share that was held and idle. */
export function UsagePage() {
  const [url, setUrl] = useUrlState()
  const by = keyOf(groups, url['by'], 'user')
  const days = keyOf(spans, url['days'], '7')
  const path = useMemo(() => {
    const to = Math.floor(now() / minuteMs) * minuteMs
    const from = to - Number(days) * dayMs
    return withQuery(jobRoutes.usage, {
      by,
      start_time: new Date(from).toISOString(),
      end_time: new Date(to).toISOString(),
    })
  }, [by, days])
  const usage = useApi<UsageJson>(path, { everyMs: 60_000 })
  return (
    <Page
      title="Usage"
      {...(usage.data ? { answer: answerOf(usage.data.rows), mood: 'good' as const } : {})}
      aside={
        <>
          <Switch label="By" choices={groups} value={by} onChange={(group) => setUrl({ by: group })} />
          <Switch label="How far back" choices={spans} value={days} onChange={(count) => setUrl({ days: count })} />
          {usage.data && (
            <a
              className="button"
              download={`usage-by-${by}.csv`}
              href={`data:text/csv;charset=utf-8,${encodeURIComponent(usageCsv(usage.data))}`}
            >
              CSV
            </a>
          )}
        </>
      }
    >
      <Panel>
        <Loaded query={usage} rows={8}>
          {({ rows }) =>
            rows.length === 0 ? (
              <Empty title="Nothing ran in this time." />
            ) : (
              <Table label={`Usage by ${by}`} rows={rows} columns={columnsOf(by)} keyOf={({ name }) => name} />
            )
          }
        </Loaded>
      </Panel>
    </Page>
  )
}

function answerOf(rows: readonly UsageRow[]): string {
  const hours = rows.reduce((sum, { gpu_hours }) => sum + gpu_hours, 0)
  const idle = rows.reduce((sum, { gpu_hours_idle }) => sum + (gpu_hours_idle ?? 0), 0)
  const measured = rows.reduce((sum, { gpu_hours_measured }) => sum + (gpu_hours_measured ?? 0), 0)
  if (hours === 0) return 'No GPU was used in this time.'
  if (measured === 0)
    return `${formatNumber(hours)} GPU hours were allocated; how many of them were used was not measured.`
  return `${formatNumber(hours)} GPU hours were allocated; ${formatNumber(idle)} of the ${formatNumber(measured)} that were measured were held and idle.`
}

function columnsOf(by: keyof typeof groups): readonly Column<UsageRow>[] {
  return [
    {
      key: 'name',
      title: titles[by],
      width: 'minmax(84px, 1.5fr)',
      cell: ({ name }) => (
        <Link to="/jobs" search={{ [by]: name }}>
          <Id>{name}</Id>
        </Link>
      ),
    },
    { key: 'jobs', title: 'Jobs', width: '80px', align: 'end', isExtra: true, cell: ({ jobs }) => formatCount(jobs) },
    {
      key: 'failed',
      title: 'Failed',
      width: '70px',
      align: 'end',
      isExtra: true,
      cell: (row) => formatCount(row.jobs_failed),
    },
    { key: 'gpu', title: 'GPU hours', width: '82px', align: 'end', cell: ({ gpu_hours }) => formatNumber(gpu_hours) },
    {
      key: 'used',
      title: 'Used',
      width: '90px',
      align: 'end',
      isExtra: true,
      cell: ({ gpu_hours_used }) => <Value value={gpu_hours_used} format={formatNumber} />,
    },
    {
      key: 'idle',
      title: 'Held and idle',
      width: '108px',
      cell: (row) => (row.gpu_hours === 0 ? '' : <Meter label="Held and idle" tone="bad" value={heldIdleShare(row)} />),
    },
    {
      key: 'cpu',
      title: 'CPU hours',
      width: '90px',
      align: 'end',
      isExtra: true,
      cell: (row) => formatNumber(row.cpu_hours),
    },
    {
      key: 'energy',
      title: 'Energy',
      width: '90px',
      align: 'end',
      isExtra: true,
      cell: ({ energy_kwh }) => <Value value={energy_kwh} format={(value) => `${formatNumber(value)} kWh`} />,
    },
  ]
}
