import type { NodeCellState } from '@navarch/api/views'
import type { ReactNode } from 'react'

/** A state in its colour, with its word and a shape of its own. */
export function StateChip({ state, children }: { state: NodeCellState; children?: ReactNode }) {
  return (
    <span className="chip">
      <span className={`swatch state-${state}`} aria-hidden="true" />
      {children ?? state}
    </span>
  )
}

/** How bad something is: another axis than state. */
export function SeverityChip({ severity }: { severity: 'info' | 'warning' | 'critical' }) {
  const mark = { info: 'i', warning: '!', critical: '!!' }[severity]
  return (
    <span className={`chip severity-${severity}`}>
      <span className="severity-mark" aria-hidden="true">
        {mark}
      </span>
      {severity}
    </span>
  )
}

/** A word with a tone: states of jobs, operations, alerts. */
export function ToneChip({
  tone,
  children,
}: {
  tone: 'good' | 'mending' | 'act' | 'info' | 'unknown' | 'quiet'
  children: ReactNode
}) {
  return <span className={`chip tone-${tone}`}>{children}</span>
}
