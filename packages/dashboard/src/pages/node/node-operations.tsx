import type { OperationJson } from '@navarch/api/rest'
import { routes } from '@navarch/api/routes'
import { Link } from '@tanstack/react-router'
import { useApi } from '../../api/queries.ts'
import { ToneChip } from '../../components/chips.tsx'
import { Empty, Loaded } from '../../components/feedback.tsx'
import { Age, Id } from '../../components/value.tsx'
import { withQuery } from '../../lib/path.ts'
import { nameOfOperationState, toneOfOperation } from '../operations/operation-words.ts'

/** What Navarch did with a node, newest first. */
export function NodeOperations({ node }: { node: string }) {
  const query = useApi<OperationJson[]>(withQuery(routes.operations, { node, all: true }), { topics: ['live'] })
  return (
    <Loaded query={query} rows={3}>
      {(operations) =>
        operations.length === 0 ? (
          <Empty title="Navarch has done nothing with it." />
        ) : (
          <ul className="node-operations">
            {[...operations]
              .sort((one, other) => other.created_at.localeCompare(one.created_at))
              .slice(0, 12)
              .map(({ id, kind, state, reason, created_at: created }) => (
                <li key={id}>
                  <Link to="/operations/$id" params={{ id }}>
                    {kind} <Id>{id}</Id>
                  </Link>
                  <ToneChip tone={toneOfOperation(state)}>{nameOfOperationState(state)}</ToneChip>
                  <span className="node-operation-reason" title={reason}>
                    {reason}
                  </span>
                  <span className="soft">
                    <Age at={created} />
                  </span>
                </li>
              ))}
          </ul>
        )
      }
    </Loaded>
  )
}
