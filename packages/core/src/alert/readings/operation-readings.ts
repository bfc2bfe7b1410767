import type { Operation } from '../../operation/operation.ts'
import type { Reading, Readings } from '../alert.ts'
import type { Labels } from '../alert-rule.ts'

export interface OperationFacts {
  /** Those that are not over. */
  open: readonly Operation[]
  /** Those that failed, and that nothing has taken up since. */
  failed: readonly Operation[]
  labelsOf: (node: string, pool: string) => Labels
  /** ms since the epoch. */
  now: number
}

export function failedReadings({ failed, labelsOf }: OperationFacts): Readings {
  const values = failed.map((operation): Reading => {
    const step = operation.steps.find((each) => each.name === operation.step)
    const why = step?.message ? `: ${step.message}` : ''
    return {
      key: operation.id,
      labels: operationLabels(operation, labelsOf),
      value: 1,
      note: `${operation.kind} failed in its step ${operation.step}${why}`,
    }
  })
  return { values }
}

/** Time in the current step; for jobs to end is no step of ours, and a person's word takes as long as it takes. */
export function stepReadings(facts: OperationFacts): Readings {
  return overOpen(facts, (operation) => {
    if (operation.step === 'wait' || operation.state === 'waiting_for_approval') return undefined
    return { since: stepBegan(operation), labels: { step: operation.step } }
  })
}

export function waitingReadings(facts: OperationFacts): Readings {
  return overOpen(facts, (operation) =>
    operation.step === 'wait' && operation.state !== 'waiting_for_approval'
      ? { since: stepBegan(operation), labels: {} }
      : undefined,
  )
}

export function approvalReadings(facts: OperationFacts): Readings {
  return overOpen(facts, (operation) =>
    operation.state === 'waiting_for_approval' ? { since: operation.createdAt, labels: {} } : undefined,
  )
}

function overOpen(
  { open, labelsOf, now }: OperationFacts,
  pick: (operation: Operation) => { since: number; labels: Labels } | undefined,
): Readings {
  const values = open.flatMap((operation): Reading[] => {
    const picked = pick(operation)
    if (!picked) return []
    const labels = { ...operationLabels(operation, labelsOf), ...picked.labels }
    return [{ key: `${operation.id}/${picked.labels['step'] ?? ''}`, labels, value: (now - picked.since) / 1000 }]
  })
  return { values }
}

function stepBegan(operation: Operation): number {
  return operation.steps.find((step) => step.name === operation.step)?.startedAt ?? operation.updatedAt
}

function operationLabels(operation: Operation, labelsOf: OperationFacts['labelsOf']): Labels {
  return { ...labelsOf(operation.node, operation.pool), operation: operation.id, kind: operation.kind }
}
