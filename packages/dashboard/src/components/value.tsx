import type { ReactNode } from 'react'
import { useNow } from '../api/fleet-hooks.ts'
import { formatAge, formatExactTime } from '../lib/format.ts'

/** A number with its unit, or the look of what is not known. Never a zero in its place. */
export function Value({ value, format }: { value: number | null | undefined; format: (value: number) => string }) {
  return value === null || value === undefined ? <Unknown /> : <span className="value">{format(value)}</span>
}

/** What is not known. @param why for the pointer and the screen reader */
export function Unknown({ why = 'not known' }: { why?: string }) {
  return (
    <span className="unknown" title={why}>
      <span aria-hidden="true">?</span>
      <span className="visually-hidden">{why}</span>
    </span>
  )
}

/** How long ago, living, with the exact time for the pointer. */
export function Age({ at }: { at: string | number | null | undefined }) {
  const now = useNow(1000)
  if (at === null || at === undefined || at === '') return <Unknown />
  const ms = typeof at === 'number' ? at : Date.parse(at)
  return (
    <time dateTime={new Date(ms).toISOString()} title={formatExactTime(ms)}>
      {formatAge(ms, now)}
    </time>
  )
}

/** Names and numbers of things: in monospace, not broken. */
export function Id({ children }: { children: ReactNode }) {
  return <span className="id">{children}</span>
}
