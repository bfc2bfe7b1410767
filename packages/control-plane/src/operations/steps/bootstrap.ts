import { isHeldByPerson } from '@navarch/core/pool/held-by-others'
import { isBusy, isRegistered } from '@navarch/slurm/node-state'
import { reasonPrefix, type SlurmLink } from '../../slurm/slurm-link.ts'
import type { OperationDeps } from '../deps.ts'
import type { StepContext, StepOutcome } from '../step.ts'

/** Runs of the bootstrap on one machine before another one is tried; looks that failed before it ran are none. */
const maxRuns = 3

/** Reason of a node whose host is not verified yet. */
export const verifyingReason = `${reasonPrefix}verifying`

/** Tells Slurm where the host is, then makes it a node over SSH. */
export async function bootstrap(deps: OperationDeps, { operation, record, signal }: StepContext): Promise<StepOutcome> {
  const { fleet, slurm } = deps
  const pool = deps.pool(operation.pool)
  const node = fleet.nodes.get(operation.node)
  const { machineId, address } = operation.facts
  if (!pool || !node || machineId === undefined || address === undefined) {
    return { kind: 'fail', message: `pool ${operation.pool} or node ${operation.node} is gone` }
  }
  const naming = node.slurmNaming ?? 'none'
  if (slurm && (naming === 'future' || naming === 'static' || naming === 'cloud')) {
    await announce(slurm, node.id, address, naming)
  }
  const provider = deps.provider(pool.provider)
  if (pool.bootstrap.kind === 'none' || provider?.selfBootstraps)
    return { kind: 'done', message: 'the machine sets itself up' }
  const machine = await provider?.get(machineId, signal)
  if (!machine || machine.state === 'terminating' || machine.state === 'terminated') {
    return { kind: 'give-up', message: `machine ${machineId} went away` }
  }
  const runs = (operation.facts.bootstrapRuns ?? 0) + 1
  await record({ bootstrapRuns: runs })
  const result = await deps.bootstrapper.run(
    {
      pool,
      node: node.id,
      machineId,
      address,
      ...(machine.sshPort !== undefined && { sshPort: machine.sshPort }),
      ...(machine.sshUser !== undefined && { sshUser: machine.sshUser }),
      ...(machine.hostKeys !== undefined && { hostKeys: machine.hostKeys }),
      region: machine.region,
      zone: machine.zone,
      instanceType: machine.instanceType,
      provider: pool.provider,
      slurmNaming: naming,
    },
    signal,
  )
  await record({}, [{ kind: 'bootstrap', record: result }])
  if (result.success) return { kind: 'done', message: `${result.commands.length} commands` }
  const message = `bootstrap failed: ${result.error}; see: navarch bootstrap logs ${node.id}`
  return runs < maxRuns ? { kind: 'retry', message } : { kind: 'give-up', message }
}

/**
 * Gives a name of slurm.conf the address of its new host, and keeps jobs away until the host is verified where Slurm
 * lets us: a CLOUD name that already has a job must not be drained, since that would requeue the job. A name that a
 * person has taken out of service since it was chosen keeps that person's reason.
 */
async function announce(
  slurm: SlurmLink,
  name: string,
  address: string,
  naming: 'future' | 'static' | 'cloud',
): Promise<void> {
  const found = await slurm.node(name)
  const where = { nodeAddr: address, nodeHostname: name }
  const drainable = naming !== 'cloud' && !(found && (isBusy(found.state) || isHeldByPerson(found)))
  if (found && drainable && isRegistered(found.state) && found.address === address) return
  await slurm.update(name, drainable ? { ...where, state: 'DRAIN', reason: verifyingReason } : where)
}
