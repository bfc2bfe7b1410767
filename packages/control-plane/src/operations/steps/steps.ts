import type { Operation, StepName } from '@navarch/core/operation/operation'
import type { OperationDeps } from '../deps.ts'
import type { Step, StepContext, StepOutcome } from '../step.ts'
import { bootstrap } from './bootstrap.ts'
import { drain, wait } from './drain.ts'
import { giveBack, register, verify } from './join.ts'
import { provision } from './provision.ts'
import { remove } from './remove.ts'

const steps: Record<StepName, (deps: OperationDeps, context: StepContext) => Promise<StepOutcome>> = {
  drain,
  wait,
  remove,
  provision,
  bootstrap,
  register,
  verify,
  return: giveBack,
}

/** The code of an operation's current step. */
export function stepOf(deps: OperationDeps, operation: Operation): Step {
  const step = steps[operation.step]
  return (context) => step(deps, context)
}
