import type { OperationJson } from '@navarch/api/rest'
import { routes } from '@navarch/api/routes'
import { Link, useNavigate } from '@tanstack/react-router'
import { useApi } from '../../api/queries.ts'
import { ToneChip } from '../../components/chips.tsx'
import { Empty, Loaded } from '../../components/feedback.tsx'
import { FilterBar } from '../../components/filter-bar.tsx'
import { FilterInputs } from '../../components/filter-inputs.tsx'
import { NoFit } from '../../components/no-fit.tsx'
import { Page } from '../../components/page.tsx'
import { Panel } from '../../components/panel.tsx'
import { type Column, Table } from '../../components/table.tsx'
import { Age, Id } from '../../components/value.tsx'
import { plural } from '../../lib/format.ts'
import { withQuery } from '../../lib/path.ts'
import { useUrlState } from '../../lib/url-state.ts'
import { OperationActs } from './operation-acts.tsx'
import { isOverOperation, nameOfOperationState, toneOfOperation } from './operation-words.ts'

const columns: readonly Column<OperationJson>[] = [
  {
    key: 'id',
    title: 'Operation',
    width: 'minmax(80px, 0.8fr)',
    isExtra: true,
    cell: ({ id }) => (
      <Link to="/operations/$id" params={{ id }}>
        <Id>{id}</Id>
      </Link>
    ),
  },
  {
    key: 'kind',
    title: 'What',
    width: 'minmax(76px, 0.8fr)',
    cell: ({ id, kind }) => (
      <Link to="/operations/$id" params={{ id }}>
        {kind}
      </Link>
    ),
  },
  {
    key: 'node',
    title: 'Node',
    width: 'minmax(84px, 1fr)',
    cell: ({ node }) => (
      <Link to="/nodes/$id" params={{ id: node }}>
        <Id>{node}</Id>
      </Link>
    ),
  },
  { key: 'pool', title: 'Pool', width: 'minmax(70px, 0.7fr)', isExtra: true, cell: ({ pool }) => pool },
  {
    key: 'state',
    title: 'State',
    width: '96px',
    cell: ({ state }) => <ToneChip tone={toneOfOperation(state)}>{nameOfOperationState(state)}</ToneChip>,
  },
  {
    key: 'step',
    title: 'Step',
    width: 'minmax(80px, 0.7fr)',
    isExtra: true,
    cell: ({ state, step }) => (isOverOperation(state) && state !== 'failed' ? '' : step),
  },
  {
    key: 'reason',
    title: 'Why',
    width: 'minmax(120px, 2.4fr)',
    isText: true,
    cell: ({ reason }) => reason,
  },
  { key: 'by', title: 'By', width: '90px', isExtra: true, cell: ({ initiator }) => initiator },
  {
    key: 'at',
    title: 'Began',
    width: '84px',
    align: 'end',
    isExtra: true,
    cell: ({ created_at }) => <Age at={created_at} />,
  },
]

const stateChoices = ['', 'waiting_for_approval', 'running', 'waiting', 'failed', 'succeeded', 'cancelled'] as const

/** What the URL may choose of them. */
const filters = ['state', 'kind', 'pool', 'node'] as const

/** What Navarch does and did, the open ones first. */
export function OperationsPage() {
  const [url, setUrl] = useUrlState()
  const navigate = useNavigate()
  const path = withQuery(routes.operations, { all: true, pool: url['pool'], node: url['node'] })
  const list = useApi<OperationJson[]>(path, { topics: ['live'] })
  return (
    <Page title="Operations" {...(list.data ? answerOf(list.data) : {})}>
      <Loaded query={list} rows={8}>
        {(all) => {
          const shown = all.filter(
            ({ state, kind }) => (!url['state'] || state === url['state']) && (!url['kind'] || kind === url['kind']),
          )
          const kinds = [...new Set(all.map(({ kind }) => kind))].sort()
          return (
            <>
              <ToApprove operations={all.filter(({ state }) => state === 'waiting_for_approval')} />
              <FilterBar count={filters.filter((field) => url[field] !== undefined).length}>
                <label>
                  State
                  <select value={url['state'] ?? ''} onChange={(event) => setUrl({ state: event.target.value })}>
                    {stateChoices.map((state) => (
                      <option key={state} value={state}>
                        {state === '' ? 'any' : nameOfOperationState(state)}
                      </option>
                    ))}
                  </select>
                </label>
                <label>
                  What
                  <select value={url['kind'] ?? ''} onChange={(event) => setUrl({ kind: event.target.value })}>
                    {['', ...kinds].map((kind) => (
                      <option key={kind} value={kind}>
                        {kind === '' ? 'any' : kind}
                      </option>
                    ))}
                  </select>
                </label>
                <FilterInputs
                  fields={['pool', 'node']}
                  values={url}
                  onChange={(field, text) => setUrl({ [field]: text })}
                />
              </FilterBar>
              <Panel>
                {shown.length === 0 && filters.some((field) => url[field] !== undefined) ? (
                  <NoFit
                    what="operation"
                    onClear={() => setUrl({ state: undefined, kind: undefined, pool: undefined, node: undefined })}
                  />
                ) : shown.length === 0 ? (
                  <Empty title="Navarch has done nothing yet.">
                    Each change that Navarch makes to the world is one, with its steps.
                  </Empty>
                ) : (
                  <Table
                    label="Operations"
                    rows={[...shown].sort(openFirst)}
                    columns={columns}
                    keyOf={({ id }) => id}
                    height="fill"
                    {...(url['operation'] === undefined ? {} : { selected: url['operation'] })}
                    onSelect={({ id }) => setUrl({ operation: id })}
                    onOpen={({ id }) => void navigate({ to: '/operations/$id', params: { id } })}
                  />
                )}
              </Panel>
            </>
          )
        }}
      </Loaded>
    </Page>
  )
}

function openFirst(a: OperationJson, b: OperationJson): number {
  return Number(isOverOperation(a.state)) - Number(isOverOperation(b.state)) || b.created_at.localeCompare(a.created_at)
}

function answerOf(all: readonly OperationJson[]): { answer: string; mood: 'good' | 'mending' | 'todo' } {
  const count = (state: OperationJson['state']) => all.filter((operation) => operation.state === state).length
  const toApprove = count('waiting_for_approval')
  const atWork = count('running') + count('waiting')
  const work = atWork === 0 ? 'Navarch has nothing in hand' : `Navarch is at ${plural(atWork, 'operation')}`
  if (toApprove > 0) {
    return {
      answer: `${plural(toApprove, 'operation waits', 'operations wait')} for your approval. ${work}.`,
      mood: 'todo',
    }
  }
  return { answer: `${work}; nothing waits for you.`, mood: atWork > 0 ? 'mending' : 'good' }
}

function ToApprove({ operations }: { operations: readonly OperationJson[] }) {
  if (operations.length === 0) return null
  return (
    <Panel title="Waiting for approval">
      <ul className="stacked">
        {operations.map((operation) => (
          <li key={operation.id} className="row to-approve">
            <span>
              <Link to="/operations/$id" params={{ id: operation.id }}>
                {operation.kind} of <Id>{operation.node}</Id>
              </Link>{' '}
              <span className="soft">{operation.reason}</span>
            </span>
            <span className="row">
              <OperationActs operation={operation} />
            </span>
          </li>
        ))}
      </ul>
    </Panel>
  )
}
