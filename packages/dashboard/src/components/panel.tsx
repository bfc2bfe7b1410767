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
