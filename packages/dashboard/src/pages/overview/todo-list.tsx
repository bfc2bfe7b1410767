import type { OverviewJson } from '@navarch/api/views'
import { Link } from '@tanstack/react-router'
import { Panel } from '../../components/panel.tsx'
import { splitLink } from '../../lib/path.ts'
import { OperationActsOf } from '../operations/operation-acts-of.tsx'

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
            {operation !== null && isOfOne(link, operation) && (
              <span className="todo-acts">
                <OperationActsOf id={operation} />
              </span>
            )}
          </li>
        ))}
      </ol>
    </Panel>
  )
}

/** Several operations of one reason are one line: a button that does one of them would not do what the line says. */
function isOfOne(link: string, operation: string): boolean {
  return link === `/operations/${operation}`
}
