import { asksForDrain } from '@navarch/core/health/assess'
import { isSchedulable } from '@navarch/slurm/node-state'
import type { OperationDeps } from '../deps.ts'
import { currentStep } from '../new-operation.ts'
import type { StepContext, StepOutcome } from '../step.ts'

/** How often a step looks again at something that no event announces, ms. */
export const lookAgainMs = 2_000

/** Keeps new work away from the node. Somebody else's drain is waited for, never overwritten. */
export async function drain(deps: OperationDeps, { operation, record }: StepContext): Promise<StepOutcome> {
  const { fleet, slurm } = deps
  const node = fleet.nodes.get(operation.node)
  if (!node) return { kind: 'cancel', message: `node ${operation.node} is gone` }
  if (operation.kind === 'replace' && operation.initiator === 'health' && !node.findings.some(asksForDrain)) {
    return { kind: 'cancel', message: 'the fault no longer holds' }
  }
  const status = operation.kind === 'cordon' ? 'cordoned' : 'draining'
  if (node.status !== status) {
    await record({}, [
      { kind: 'node', node: { ...node, status } },
      {
        kind: 'event',
        type: 'node-status',
        message: `${status}: ${operation.reason}`,
        pool: node.pool,
        node: node.id,
        operation: operation.id,
      },
    ])
  }
  if (!slurm) return { kind: 'done', message: 'no Slurm here' }
  if (operation.kind === 'scale-down' && (await slurm.jobsOn(operation.node)).length > 0) {
    return { kind: 'cancel', message: 'the node got a job' }
  }
  // Recorded first: after a crash between the two, a drain with our reason is known to be this operation's.
  await record({ drainOwned: true })
  const result = await slurm.drain(operation.node, operation.reason)
  switch (result.kind) {
    case 'ours':
      return { kind: 'done', message: 'drained in Slurm' }
    case 'absent':
      return { kind: 'done', message: 'not in Slurm', facts: { drainOwned: false } }
    case 'theirs': {
      const facts = { drainOwned: false }
      if (operation.kind === 'scale-down')
        return { kind: 'cancel', message: `drained by ${result.by}: ${result.reason}` }
      if (operation.kind !== 'replace')
        return { kind: 'done', message: `already drained by ${result.by}: ${result.reason}`, facts }
      return {
        kind: 'wait',
        ms: 15_000,
        message: `drained by ${result.by} in Slurm ("${result.reason}"): waits until that is lifted`,
        facts,
      }
    }
  }
}

/** How far apart the two looks are that must see no job, ms. */
const secondLookMs = 1_000

/** Jobs that have run for long may run for longer: they are looked at less and less often, up to this, ms. */
const longestLookMs = 30_000

/** Waits until no job is left on the node, seen twice: suspended and completing jobs hide from one look. */
export async function wait(deps: OperationDeps, { operation }: StepContext): Promise<StepOutcome> {
  const { clock, slurm } = deps
  if (!slurm) return { kind: 'done', message: 'no Slurm here' }
  const record = await slurm.node(operation.node)
  if (!record) return { kind: 'done', message: 'not in Slurm' }
  if (operation.facts.drainOwned && isSchedulable(record.state)) {
    if (operation.kind === 'scale-down') return { kind: 'cancel', message: 'somebody gave the node back to jobs' }
    await slurm.drain(operation.node, operation.reason)
    return {
      kind: 'wait',
      ms: secondLookMs,
      message: 'its drain had been lifted: drained again',
      facts: { idleSince: 0 },
    }
  }
  const jobs = await slurm.jobsOn(operation.node)
  const now = clock.now()
  if (jobs.length > 0) {
    if (operation.kind === 'scale-down') return { kind: 'cancel', message: `the node got job ${jobs[0]?.id}` }
    const ids = jobs.slice(0, 5).map((job) => job.id)
    const more = jobs.length > 5 ? ` and ${jobs.length - 5} more` : ''
    return {
      kind: 'wait',
      ms: clamp((now - (currentStep(operation).startedAt ?? now)) / 20, lookAgainMs, longestLookMs),
      message: `waits for ${jobs.length === 1 ? 'job' : 'jobs'} ${ids.join(', ')}${more}`,
      facts: { idleSince: 0 },
    }
  }
  const { idleSince } = operation.facts
  const left = idleSince ? idleSince + secondLookMs - now : secondLookMs
  if (left <= 0) return { kind: 'done', message: 'no jobs' }
  return { kind: 'wait', ms: left, message: 'no jobs; looks again', facts: { idleSince: idleSince || now } }
}

function clamp(value: number, least: number, most: number): number {
  return Math.min(Math.max(value, least), most)
}
