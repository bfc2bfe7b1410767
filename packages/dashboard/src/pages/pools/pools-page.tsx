import type { PoolJson } from '@navarch/api/rest'
import { routes } from '@navarch/api/routes'
import { Link, useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { useApi } from '../../api/queries.ts'
import { ToneChip } from '../../components/chips.tsx'
import { Empty, Loaded } from '../../components/feedback.tsx'
import { Page } from '../../components/page.tsx'
import { Panel } from '../../components/panel.tsx'
import { type Column, Table } from '../../components/table.tsx'
import { formatCount } from '../../lib/format.ts'
import { answerOf, modeWords, problemsOf } from './pool-words.ts'
import { SizeBar } from './size-bar.tsx'

/** All pools: how large each is and wants to be. */
export function PoolsPage() {
  const query = useApi<PoolJson[]>(routes.pools, { topics: ['live'] })
  const navigate = useNavigate()
  const [selected, setSelected] = useState<string>()
  const answer = query.data && answerOf(query.data)
  return (
    <Page title="Pools" {...(answer && { mood: answer.mood, answer: answer.text })}>
      <Panel>
        <Loaded query={query} rows={4}>
          {(pools) =>
            pools.length === 0 ? (
              <Empty title="There are no pools.">
                A pool is a section <code>pools:</code> of the configuration; <code>navarch config check</code> shows
                one.
              </Empty>
            ) : (
              <Table
                label="Pools"
                rows={pools}
                columns={columns}
                keyOf={({ name }) => name}
                {...(selected !== undefined && { selected })}
                onSelect={({ name }) => setSelected(name)}
                onOpen={({ name }) => void navigate({ to: '/pools/$name', params: { name } })}
              />
            )
          }
        </Loaded>
      </Panel>
    </Page>
  )
}

const columns: readonly Column<PoolJson>[] = [
  {
    key: 'name',
    title: 'Pool',
    width: 'minmax(80px, 1fr)',
    cell: ({ name }) => (
      <Link to="/pools/$name" params={{ name }}>
        {name}
      </Link>
    ),
  },
  { key: 'bar', title: 'Size', width: 'minmax(80px, 2fr)', cell: ({ size }) => <SizeBar size={size} /> },
  {
    key: 'ready',
    title: 'Ready',
    width: '84px',
    align: 'end',
    cell: ({ size }) => (
      <>
        {formatCount(size.ready)} of {formatCount(size.wanted)}
      </>
    ),
  },
  {
    key: 'busy',
    title: 'Busy',
    width: '52px',
    align: 'end',
    isExtra: true,
    cell: ({ size }) => formatCount(size.busy),
  },
  {
    key: 'coming',
    title: 'Coming',
    width: '60px',
    align: 'end',
    isExtra: true,
    cell: ({ size }) => formatCount(size.provisioning),
  },
  {
    key: 'limits',
    title: 'Limits',
    width: '84px',
    align: 'end',
    isExtra: true,
    cell: ({ size }) => `${formatCount(size.min)} to ${formatCount(size.max)}`,
  },
  {
    key: 'mode',
    title: 'Mode',
    width: '100px',
    isExtra: true,
    cell: ({ mode }) => (
      <span title={modeWords[mode]}>
        <ToneChip tone={mode === 'act' ? 'quiet' : 'info'}>{mode}</ToneChip>
      </span>
    ),
  },
  {
    key: 'autoscaler',
    title: 'Sized by',
    width: 'minmax(80px, 0.8fr)',
    isExtra: true,
    cell: ({ autoscaler, manual_size: manual }) => (manual === null ? autoscaler : `a person: ${manual}`),
  },
  { key: 'provider', title: 'Provider', width: 'minmax(70px, 0.8fr)', isExtra: true, cell: ({ provider }) => provider },
  {
    key: 'conditions',
    title: 'Problem',
    width: 'minmax(60px, 1fr)',
    isText: true,
    cell: (pool) => {
      const [problem, ...more] = problemsOf(pool)
      if (problem === undefined) return null
      return (
        <span className="tone-act" title={[problem, ...more].map(({ message }) => message).join('\n')}>
          ▲ {problem.reason}
        </span>
      )
    },
  },
]
