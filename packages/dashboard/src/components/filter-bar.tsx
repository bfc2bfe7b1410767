import { type ReactNode, useState } from 'react'

/** The fields that choose what a list shows. On a phone they are folded behind a button, so that the list is seen. */
export function FilterBar({
  className = 'filters',
  count,
  children,
}: {
  className?: string
  /** How many of them are set. */
  count: number
  children: ReactNode
}) {
  const [isOpen, setOpen] = useState(false)
  return (
    <div className={`filter-bar ${isOpen ? 'is-open' : ''}`}>
      <button type="button" className="button filter-toggle" aria-expanded={isOpen} onClick={() => setOpen(!isOpen)}>
        Filter{count > 0 && ` (${count})`}
      </button>
      <div className={`filter-fields ${className}`}>{children}</div>
    </div>
  )
}
