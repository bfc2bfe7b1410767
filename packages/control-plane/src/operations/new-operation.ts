import {
  type Operation,
  type OperationFacts,
  type OperationKind,
  type OperationStep,
  operationSteps,
} from '@navarch/core/operation/operation'

export interface NewOperation {
  kind: OperationKind
  pool: string
  node: string
  reason: string
  initiator: 'health' | 'autoscaler' | 'operator'
  facts?: OperationFacts
  /** Nothing is done before a person approves it. */
  propose?: boolean
}

/** An operation that has not begun. */
export function newOperation(id: string, now: number, request: NewOperation): Operation {
  const steps = operationSteps[request.kind].map(
    (name): OperationStep => ({ name, state: 'pending', attempts: 0, message: '' }),
  )
  return {
    id,
    kind: request.kind,
    pool: request.pool,
    node: request.node,
    state: request.propose ? 'waiting_for_approval' : 'running',
    ...(request.propose && { approval: { state: 'waiting', at: now } }),
    step: operationSteps[request.kind][0],
    steps,
    reason: request.reason,
    initiator: request.initiator,
    facts: request.facts ?? {},
    cancelRequested: false,
    notBefore: now,
    createdAt: now,
    updatedAt: now,
  }
}

/** The operation's record of its current step. */
export function currentStep(operation: Operation): OperationStep {
  const step = operation.steps.find((candidate) => candidate.name === operation.step)
  if (!step) throw new Error(`operation ${operation.id} (${operation.kind}) has no step ${operation.step}`)
  return step
}

/** The operation with its current step's record changed. */
export function withStep(operation: Operation, change: Partial<OperationStep>): Operation {
  return {
    ...operation,
    steps: operation.steps.map((step) => (step.name === operation.step ? { ...step, ...change } : step)),
  }
}
