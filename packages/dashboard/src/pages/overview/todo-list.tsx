import type { OperationJson } from '@navarch/api/rest'
import { routePath } from '@navarch/api/routes'
import type { OverviewJson } from '@navarch/api/views'
import { Link } from '@tanstack/react-router'
import { useApi } from '../../api/queries.ts'
import { Panel } from '../../components/panel.tsx'
import { splitLink } from '../../lib/path.ts'
import { OperationActs } from '../operations/operation-acts.tsx'

/** What a person must do, the most urgent first, with the buttons beside it. */
export function TodoList({ todo }: { todo: OverviewJson['todo'] }) {
  if (todo.length === 0) return null
  return (
    <Panel title="For you to do" className="todo">
      <ol className="todo-list">
        {todo.map(({ text, link, operation, alert }) => (
          <li key={`${operation} ${alert} ${link} ${text}`} className="todo-item">
            <span className="todo-mark" aria-hidden="true" />
            <Link {...splitLink(link)} className="todo-text">
              {text}
            </Link>
            {operation !== null && <TodoActs id={operation} />}
          </li>
        ))}
      </ol>
    </Panel>
  )
}

/** The operation is asked for by itself: what can be done with it depends on its state now. */
function TodoActs({ id }: { id: string }) {
  const { data } = useApi<OperationJson>(routePath('operation', { id }), { topics: ['live'] })
  return <span className="todo-acts">{data && <OperationActs operation={data} />}</span>
}
