import type { NodeCellState } from '@navarch/api/views'
import type { ReactNode } from 'react'

/** A state in its colour, with its word and a shape of its own. @param isFaulty has a mark that it is unhealthy all the same */
export function StateChip({
  state,
  isFaulty = false,
  children,
}: {
  state: NodeCellState
  isFaulty?: boolean
  children?: ReactNode
}) {
  return (
    <span className="chip">
      <span className={`swatch state-${state} ${isFaulty ? 'is-faulty' : ''}`} aria-hidden="true" />
      {children ?? state}
      {isFaulty && <strong className="tone-act chip-health">unhealthy</strong>}
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

/** - `act`: something failed, and a person is needed; `todo`: a decision waits for one. */
export type Tone = 'good' | 'mending' | 'todo' | 'act' | 'info' | 'unknown' | 'quiet'

/** A word with a tone: states of jobs, operations, alerts. */
export function ToneChip({ tone, children }: { tone: Tone; children: ReactNode }) {
  return <span className={`chip tone-${tone}`}>{children}</span>
}
