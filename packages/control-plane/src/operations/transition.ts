import { type Operation, type OperationState, operationSteps, type StepName } from '@navarch/core/operation/operation'
import { currentStep, withStep } from './new-operation.ts'
import { maxRounds, type StepOutcome, stepDeadlineMs } from './step.ts'

/**
 * The operation after one look at its current step. Pure: the engine records the result.
 * @param now ms since the epoch
 * @param retryMs back-off before the next try, ms
 */
export function afterLook(operation: Operation, outcome: StepOutcome, now: number, retryMs: number): Operation {
  const facts = 'facts' in outcome ? { ...operation.facts, ...outcome.facts } : operation.facts
  const next: Operation = { ...operation, facts, updatedAt: now }
  switch (outcome.kind) {
    case 'done':
      return afterStep(withStep(next, { state: 'succeeded', finishedAt: now, message: outcome.message ?? '' }), now)
    case 'wait':
      return wait(next, outcome.message, now + outcome.ms)
    case 'retry': {
      const counted = withStep(next, { attempts: currentStep(next).attempts + 1 })
      return wait(counted, outcome.message, now + retryMs)
    }
    case 'give-up':
      return rollBack(next, outcome.message, (facts.rounds ?? 0) + 1 < maxRounds ? 'again' : 'fail', now)
    case 'fail':
      return rollBack(next, outcome.message, 'fail', now)
    case 'cancel':
      return rollBack(next, outcome.message, 'cancel', now)
  }
}

/** The operation whose current step has just begun, or begins again after a restart of the program. */
export function begin(operation: Operation, now: number): Operation {
  const step = currentStep(operation)
  if (step.state === 'running') return operation
  return withStep(
    { ...operation, state: 'running', updatedAt: now },
    { state: 'running', startedAt: now, attempts: 1, message: '' },
  )
}

/** Whether the current step has had all the time that it may have. */
export function isExpired(operation: Operation, now: number): boolean {
  const { startedAt } = currentStep(operation)
  return startedAt !== undefined && now - startedAt > stepDeadlineMs[operation.step]
}

/**
 * Gives up: at once where nothing was done, else after it has been undone, which is a recorded phase of its own so that
 * a crash in it leaves no machine behind.
 */
export function rollBack(
  operation: Operation,
  message: string,
  end: 'fail' | 'cancel' | 'again',
  now: number,
): Operation {
  const marked = withStep({ ...operation, updatedAt: now, notBefore: now }, { message })
  const { token, drainOwned } = operation.facts
  if (token === undefined && !drainOwned) return afterRollback(marked, message, end, now)
  return { ...marked, state: 'running', facts: { ...operation.facts, rollback: { message, end } } }
}

/** The operation when all is undone: over, or back at its `provision` step with a clean slate. */
export function afterRollback(
  operation: Operation,
  message: string,
  end: 'fail' | 'cancel' | 'again',
  now: number,
): Operation {
  const {
    token: _token,
    machineId: _machine,
    address: _address,
    bootstrapRuns: _runs,
    rollback: _rollback,
    ...kept
  } = operation.facts
  const facts = { ...kept, rounds: (operation.facts.rounds ?? 0) + 1 }
  if (end === 'again') {
    const from = operation.steps.findIndex((step) => step.name === 'provision')
    return {
      ...operation,
      facts,
      state: 'running',
      step: 'provision',
      steps: operation.steps.map((step, index) =>
        index < from
          ? step
          : {
              name: step.name,
              state: 'pending',
              attempts: 0,
              message: index === from ? `again, since: ${message}` : '',
            },
      ),
      notBefore: now,
      updatedAt: now,
    }
  }
  const state: OperationState = end === 'fail' ? 'failed' : 'cancelled'
  const stepState = end === 'fail' ? 'failed' : 'skipped'
  return {
    ...withStep(operation, { state: stepState, finishedAt: now, message }),
    facts,
    state,
    updatedAt: now,
  }
}

/** A proposal that a person approved: it begins. */
export function approved(proposal: Operation, by: string, now: number): Operation {
  return { ...proposal, state: 'running', approval: { state: 'approved', by, at: now }, notBefore: now, updatedAt: now }
}

/** A proposal that will not be carried out. Nothing was done, so nothing is undone. */
export function declined(
  proposal: Operation,
  approval: { state: 'rejected'; by: string; reason: string } | { state: 'withdrawn'; reason: string },
  now: number,
): Operation {
  const message = describe(approval)
  return {
    ...withStep(proposal, { state: 'skipped', finishedAt: now, message }),
    state: 'cancelled',
    approval: { ...approval, at: now },
    updatedAt: now,
  }
}

function describe(approval: Parameters<typeof declined>[1]): string {
  const { reason } = approval
  if (approval.state === 'withdrawn') return `withdrawn: ${reason}`
  return `rejected by ${approval.by}${reason === '' ? '' : `: ${reason}`}`
}

/** Whether the operation has come to the steps that make a machine. */
export function makesMachine({ steps, step }: Operation): boolean {
  const provision = steps.findIndex(({ name }) => name === 'provision')
  return provision >= 0 && steps.findIndex(({ name }) => name === step) >= provision
}

/** A failed operation that begins again: where it stood if its node has lost its machine, else at its first step. */
export function startOver(operation: Operation, now: number): Operation {
  const { rounds: _rounds, idleSince: _idleSince, ...facts } = operation.facts
  const from = operation.steps.findIndex(({ name }) => name === firstAgain(operation))
  return {
    ...operation,
    step: firstAgain(operation),
    state: 'running',
    facts,
    cancelRequested: false,
    notBefore: now,
    updatedAt: now,
    steps: operation.steps.map((step, index) =>
      index < from ? step : { name: step.name, state: 'pending', attempts: 0, message: '' },
    ),
  }
}

function firstAgain(operation: Operation): StepName {
  // Its machine was given back when it failed.
  if (makesMachine(operation)) return 'provision'
  // Its drain may have been lifted when it failed.
  return operation.facts.oldToken === undefined ? operationSteps[operation.kind][0] : operation.step
}

function afterStep(operation: Operation, now: number): Operation {
  const index = operation.steps.findIndex((step) => step.name === operation.step)
  const next = operation.steps[index + 1]
  if (!next) return { ...operation, state: 'succeeded', notBefore: now }
  return { ...operation, state: 'running', step: next.name, notBefore: now }
}

function wait(operation: Operation, message: string, notBefore: number): Operation {
  return { ...withStep(operation, { message }), state: 'waiting', notBefore }
}
