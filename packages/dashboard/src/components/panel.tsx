import type { ReactNode } from 'react'

/** A part of a page with its heading. */
export function Panel({
  title,
  aside,
  children,
  className = '',
}: {
  title?: ReactNode
  /** Beside the heading: buttons, ages. */
  aside?: ReactNode
  children: ReactNode
  className?: string
}) {
  return (
    <section className={`panel ${className}`}>
      {(title !== undefined || aside !== undefined) && (
        <header className="panel-head">
          {title !== undefined && <h2>{title}</h2>}
          {aside !== undefined && <div className="panel-aside">{aside}</div>}
        </header>
      )}
      {children}
    </section>
  )
}

/** A page: its name, and the answer to its question in words, before anything else. */
export function Page({
  title,
  answer,
  mood = 'good',
  aside,
  children,
}: {
  title: ReactNode
  answer?: ReactNode
  mood?: 'good' | 'mending' | 'act' | 'unknown'
  aside?: ReactNode
  children: ReactNode
}) {
  return (
    <div className="page">
      <header className="page-head">
        <h1>{title}</h1>
        {aside !== undefined && <div className="page-aside">{aside}</div>}
        {answer !== undefined && (
          <p className={`answer mood-${mood}`} role="status">
            <span className="mood-mark" aria-hidden="true" />
            {answer}
          </p>
        )}
      </header>
      {children}
    </div>
  )
}
