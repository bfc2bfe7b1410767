import type { ReactNode } from 'react'
import { useFleetStore, useStale } from '../api/fleet-hooks.ts'
import { useTabTitle } from '../app/tab-title.ts'
import type { PageMood } from '../lib/page-mood.ts'
import { Age } from './value.tsx'

/**
 * A page: its name, and the answer to its question in words, before anything else. When nothing has been heard for a while, the answer is
 * said to be of then: what was well may no longer be.
 */
export function Page({
  title,
  name,
  answer,
  mood = 'good',
  aside,
  children,
}: {
  title: ReactNode
  /** For the browser's tab, where the title is no text. */
  name?: string
  answer?: ReactNode
  mood?: PageMood
  aside?: ReactNode
  children: ReactNode
}) {
  const isStale = useStale()
  const shownMood = isStale ? 'unknown' : mood
  useTabTitle(name ?? (typeof title === 'string' ? title : ''), shownMood)
  return (
    <div className="page">
      <header className="page-head">
        <h1>{title}</h1>
        {aside !== undefined && <div className="page-aside">{aside}</div>}
        {answer !== undefined && (
          <p className={`answer mood-${shownMood}`} role="status" tabIndex={-1}>
            <span className="mood-mark" aria-hidden="true" />
            <span>
              {isStale && <AsOf />}
              {answer}
            </span>
          </p>
        )}
      </header>
      {children}
    </div>
  )
}

function AsOf() {
  const { heardAt, clockOffset } = useFleetStore().get()
  return (
    <strong>
      Not connected; <Age at={heardAt + clockOffset} /> it was so:{' '}
    </strong>
  )
}
