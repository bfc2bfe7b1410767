import { type AlertHistoryJson, alertRoutes } from '@navarch/api/alerts'
import type { OperationJson } from '@navarch/api/rest'
import { routes } from '@navarch/api/routes'
import { Link } from '@tanstack/react-router'
import { useApi } from '../../api/queries.ts'
import { Empty, Loaded } from '../../components/feedback.tsx'
import { Panel } from '../../components/panel.tsx'
import { Age, Id } from '../../components/value.tsx'
import { withQuery } from '../../lib/path.ts'
import { OperationActs } from '../operations/operation-acts.tsx'
import { type MissingNode, missingNodeOf } from './missing-node-words.ts'
import { NodeOperations } from './node-operations.tsx'

/** What is known of a node that is not there; undefined while it is read, and where it is there. */
export function useMissingNode(id: string, isMissing: boolean): MissingNode | undefined {
  const query = useApi<OperationJson[]>(withQuery(routes.operations, { node: id, all: true }), {
    topics: ['live'],
    enabled: isMissing,
  })
  return isMissing && query.data ? missingNodeOf(id, query.data) : undefined
}

/** In the place of a node's page: what will make it, or what became of it. */
export function MissingNodeParts({ id, missing }: { id: string; missing: MissingNode }) {
  const { operation, kind } = missing
  if (operation === undefined) {
    return (
      <Panel>
        <Empty title="Its name may be mistyped.">
          <Link to="/nodes">All nodes</Link>, or search with Ctrl K.
        </Empty>
      </Panel>
    )
  }
  return (
    <>
      {kind === 'proposed' && (
        <Panel>
          <p className="row to-approve">
            <span>
              <Link to="/operations/$id" params={{ id: operation.id }}>
                <Id>{operation.id}</Id>
              </Link>{' '}
              waits for approval: {operation.reason}
            </span>
            <span className="row">
              <OperationActs operation={operation} />
            </span>
          </p>
        </Panel>
      )}
      <div className="page-grid">
        <Panel title="Operations">
          <NodeOperations node={id} />
        </Panel>
        <Panel title="Alerts">
          <PastAlerts node={id} />
        </Panel>
      </div>
    </>
  )
}

function PastAlerts({ node }: { node: string }) {
  const query = useApi<AlertHistoryJson[]>(withQuery(alertRoutes.alertHistory, { node, limit: 20 }), {
    topics: ['alerts'],
  })
  return (
    <Loaded query={query} rows={3}>
      {(events) =>
        events.length === 0 ? (
          <Empty title="No alert was about it." />
        ) : (
          <ul className="evidence">
            {events.map(({ seq, at, rule, event, text }) => (
              <li key={seq}>
                <span className="soft">
                  <Age at={at} /> {rule} {event}
                </span>{' '}
                {text}
              </li>
            ))}
          </ul>
        )
      }
    </Loaded>
  )
}
