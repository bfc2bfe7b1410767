import type { OperationJson } from '@navarch/api/rest'
import { routes } from '@navarch/api/routes'
import { Link } from '@tanstack/react-router'
import { useApi } from '../../api/queries.ts'
import { ToneChip } from '../../components/chips.tsx'
import { Loaded } from '../../components/feedback.tsx'
import { Panel } from '../../components/panel.tsx'
import { Age, Id } from '../../components/value.tsx'
import { withQuery } from '../../lib/path.ts'
import { BootstrapLogs } from '../node/bootstrap-logs.tsx'
import { OperationActs } from '../operations/operation-acts.tsx'
import { nameOfOperationState, toneOfOperation } from '../operations/operation-words.ts'

/** What is under way in a pool: nodes that come, with their log, and those that go. */
export function ComingNodes({ pool }: { pool: string }) {
  const query = useApi<OperationJson[]>(withQuery(routes.operations, { pool }), { topics: ['live'] })
  return (
    <Panel
      title="Under way"
      aside={
        <Link to="/operations" search={{ pool }}>
          All operations
        </Link>
      }
    >
      <Loaded query={query} rows={2}>
        {(operations) =>
          operations.length === 0 ? (
            <p className="soft">Nothing: no node comes or goes.</p>
          ) : (
            <ul className="coming">
              {operations.slice(0, 20).map((operation) => (
                <Coming key={operation.id} operation={operation} />
              ))}
            </ul>
          )
        }
      </Loaded>
    </Panel>
  )
}

function Coming({ operation }: { operation: OperationJson }) {
  const { id, kind, node, state, step, steps, created_at: created } = operation
  const message = steps.find(({ name }) => name === step)?.message ?? ''
  const hasLog = steps.some(({ name, state: of }) => name === 'bootstrap' && of !== 'pending')
  return (
    <li>
      <p className="row">
        <Link to="/operations/$id" params={{ id }}>
          {kind} <Id>{node}</Id>
        </Link>
        <ToneChip tone={toneOfOperation(state)}>{nameOfOperationState(state)}</ToneChip>
        <span className="soft">
          <Age at={created} />
        </span>
      </p>
      <p className="soft">
        step {steps.findIndex(({ name }) => name === step) + 1} of {steps.length}, {step}
        {message !== '' && `: ${message}`}
      </p>
      {state === 'waiting_for_approval' && (
        <div className="row">
          <OperationActs operation={operation} />
        </div>
      )}
      {hasLog && (
        <details>
          <summary>Bootstrap log</summary>
          <BootstrapLogs node={node} />
        </details>
      )}
    </li>
  )
}
