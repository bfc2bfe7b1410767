import type { UseQueryResult } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { isNotFound } from '../api/is-not-found.ts'
import type { RequestError } from '../api/request.ts'

/** An empty list: what would be here, and how it gets here. */
export function Empty({ title, children }: { title: string; children?: ReactNode }) {
  return (
    <div className="empty">
      <p className="empty-title">{title}</p>
      {children !== undefined && <p>{children}</p>}
    </div>
  )
}

/** What failed, and what still works. What is not there is no failure, and trying again does not bring it. */
export function Failure({ error, onRetry }: { error: Error; onRetry?: () => void }) {
  if (isNotFound(error)) return <Empty title="It is not here.">{error.message}</Empty>
  return (
    <div className="failure" role="alert">
      <p>
        <strong>This could not be read.</strong> {error.message}
      </p>
      {onRetry && (
        <button type="button" className="button" onClick={onRetry}>
          Try again
        </button>
      )}
    </div>
  )
}

/** Grey blocks in the shape of what comes. */
export function Skeleton({ rows = 4 }: { rows?: number }) {
  return (
    <div className="skeleton" aria-hidden="true">
      {Array.from({ length: rows }, (_, row) => `${90 - ((row * 17) % 40)}%`).map((width) => (
        <span key={width} style={{ width }} />
      ))}
    </div>
  )
}

/** What a query has: its data, or why there is none. Old data stays on the page when a later read fails, with a line that says so. */
export function Loaded<T>({
  query,
  rows,
  children,
}: {
  query: UseQueryResult<T, RequestError>
  rows?: number
  children: (data: T) => ReactNode
}) {
  if (query.data === undefined) {
    if (query.error) return <Failure error={query.error} onRetry={() => void query.refetch()} />
    return <Skeleton rows={rows ?? 4} />
  }
  return (
    <>
      {query.error && (
        <p className="stale-line" role="status">
          Not renewed since {new Date(query.dataUpdatedAt).toLocaleTimeString()}: {query.error.message}
        </p>
      )}
      {children(query.data)}
    </>
  )
}
