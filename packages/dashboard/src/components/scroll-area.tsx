import type { ReactNode } from 'react'

/** A part that is larger than its room: it takes the focus, so that the keyboard scrolls it. */
export function ScrollArea({ label, className, children }: { label: string; className: string; children: ReactNode }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what is scrolled must be reached without a pointer
    <section className={className} tabIndex={0} aria-label={label}>
      {children}
    </section>
  )
}
