import { asksForDrain } from '@navarch/core/health/assess'
import type { Operation } from '@navarch/core/operation/operation'
import { isHeldByPerson } from '@navarch/core/pool/held-by-others'
import { reasonOwner } from '@navarch/core/pool/reason-owner'
import type { NodeRecord } from '@navarch/slurm/node-record'
import { hasFlag, isBusy, isDown, isDrain, isFuture, isRegistered, isSchedulable } from '@navarch/slurm/node-state'
import type { OperationDeps } from '../deps.ts'
import { currentStep } from '../new-operation.ts'
import type { StepContext, StepOutcome } from '../step.ts'
import { verifyingReason } from './bootstrap.ts'

const registerDeadlineMs = 10 * 60_000
const verifyDeadlineMs = 5 * 60_000
const lookAgainMs = 1_000

/** Waits until the new host's agent has registered here and its slurmd there. */
export async function register(deps: OperationDeps, { operation }: StepContext): Promise<StepOutcome> {
  const { fleet, slurm, clock } = deps
  const node = fleet.nodes.get(operation.node)
  if (!node) return { kind: 'fail', message: `node ${operation.node} is gone` }
  const expired = clock.now() - (currentStep(operation).startedAt ?? clock.now()) > registerDeadlineMs
  const missing = (what: string): StepOutcome =>
    expired
      ? { kind: 'give-up', message: `${what} did not happen within ${registerDeadlineMs / 60_000} minutes` }
      : { kind: 'wait', ms: lookAgainMs, message: `waits for: ${what}` }
  if (node.registeredAt === undefined) return missing('registration of the agent')
  if (!slurm || node.slurmNaming === 'none') return { kind: 'done', message: 'agent registered' }
  const record = await slurm.node(node.id)
  if (!record || isFuture(record.state) || !isRegistered(record.state)) return missing('registration of slurmd')
  if (hasFlag(record.state, 'INVALID_REG'))
    return missing(`a valid registration of slurmd (${record.reason ?? 'INVALID_REG'})`)
  await holdBack(deps, record)
  return { kind: 'done', message: 'agent and slurmd registered' }
}

/** Registration clears the reason of a FUTURE name, and a plain name that was down comes back undrained: hold it again. */
async function holdBack({ slurm, fleet }: OperationDeps, record: NodeRecord): Promise<void> {
  const naming = fleet.nodes.get(record.name)?.slurmNaming
  if (naming === 'cloud' || isBusy(record.state) || isHeldByPerson(record)) return
  if (isDrain(record.state) && reasonOwner(record.reason) !== 'nobody') return
  await slurm?.update(record.name, { state: 'DRAIN', reason: verifyingReason })
}

/** Waits for a full report of the new host's agent, and for it to be good. */
export async function verify(deps: OperationDeps, { operation }: StepContext): Promise<StepOutcome> {
  const { fleet, clock } = deps
  const node = fleet.nodes.get(operation.node)
  if (!node) return { kind: 'fail', message: `node ${operation.node} is gone` }
  const fault = node.findings.find(asksForDrain)
  if (fault) return { kind: 'give-up', message: `the new machine is faulty: ${fault.message}` }
  const expired = clock.now() - (currentStep(operation).startedAt ?? clock.now()) > verifyDeadlineMs
  if (node.reportedAt === undefined || node.health === 'unknown' || node.health === 'unhealthy') {
    const message =
      node.reportedAt === undefined ? 'no health report yet' : `health is ${node.health}: ${node.healthReason}`
    return expired ? { kind: 'give-up', message } : { kind: 'wait', ms: lookAgainMs, message }
  }
  return {
    kind: 'done',
    message: node.gpus.length === 1 ? '1 GPU, healthy' : `${node.gpus.length} GPUs, ${node.health}`,
  }
}

/** Gives the node to jobs, and waits until Slurm would start one there. */
export async function giveBack(deps: OperationDeps, { operation }: StepContext): Promise<StepOutcome> {
  const { fleet, slurm } = deps
  const present = fleet.nodes.get(operation.node)
  if (!present) return { kind: 'fail', message: `node ${operation.node} is gone` }
  // A person vouches for a node that is uncordoned; nobody does for a new machine.
  const fault = operation.kind === 'uncordon' ? undefined : present.findings.find(asksForDrain)
  if (fault) return { kind: 'give-up', message: `the new machine is faulty: ${fault.message}` }
  if (!slurm) return inService(deps, operation, 'in service')
  const record = await slurm.node(present.id)
  if (!record)
    return present.slurmNaming === undefined || present.slurmNaming === 'none'
      ? inService(deps, operation, 'in service')
      : { kind: 'wait', ms: lookAgainMs, message: 'not in Slurm' }
  if (isSchedulable(record.state)) return inService(deps, operation, 'in service')
  if (isDrain(record.state) || isDown(record.state) || isFuture(record.state)) {
    if (await slurm.resume(present.id)) return { kind: 'wait', ms: 500, message: 'resumed; waits for slurmd to answer' }
    const message = `kept out of service in Slurm by ${record.reasonUser ?? 'somebody else'} ("${record.reason ?? ''}")`
    if (operation.kind === 'uncordon') return { kind: 'fail', message: `${message}; lift it with scontrol` }
    return inService(deps, operation, `verified; ${message}`)
  }
  return {
    kind: 'wait',
    ms: lookAgainMs,
    message: `Slurm says ${record.state.base} ${record.state.flags.join(' ')}`.trim(),
  }
}

/** The node in service, as it is now: its agent may have reported while Slurm was asked. */
function inService(deps: OperationDeps, operation: Operation, message: string): StepOutcome {
  const node = deps.fleet.nodes.get(operation.node)
  if (!node) return { kind: 'fail', message: `node ${operation.node} is gone` }
  const { hold: _hold, ...free } = node
  return {
    kind: 'done',
    message,
    facts: { drainOwned: false },
    changes: [
      { kind: 'node', node: { ...free, status: 'active' } },
      {
        kind: 'event',
        type: 'node-status',
        message: 'active',
        pool: node.pool,
        node: node.id,
        operation: operation.id,
      },
      ...launched(deps, node.machine?.token, deps.clock.now()),
    ],
  }
}

function launched(deps: OperationDeps, token: string | undefined, now: number) {
  const machine = token === undefined ? undefined : deps.fleet.machines.get(token)
  return machine ? [{ kind: 'machine' as const, machine: { ...machine, readyAt: now } }] : []
}
