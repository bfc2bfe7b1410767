import { asksForDrain } from '@navarch/core/health/assess'
import type { FleetNode } from '@navarch/core/node/node'
import type { Operation, SlurmNaming } from '@navarch/core/operation/operation'
import { isHeldByPerson } from '@navarch/core/pool/held-by-others'
import type { PoolMemory } from '@navarch/core/pool/pool'
import type { Machine } from '@navarch/providers/provider'
import type { NodeRecord } from '@navarch/slurm/node-record'
import { isBusy, isCloud, isDown, isDrain, isDynamic, isFuture } from '@navarch/slurm/node-state'
import type { FleetChange } from '../../fleet/fleet.ts'
import { reasonPrefix, type SlurmLink } from '../../slurm/slurm-link.ts'
import type { MachineRecord } from '../../store/store.ts'
import type { OperationDeps } from '../deps.ts'
import { providerErrorOf } from '../provider-gate.ts'
import { isFaulty } from '../status-at-rest.ts'
import type { StepContext, StepOutcome } from '../step.ts'
import { lookAgainMs } from './drain.ts'

/** Reason of a name that has lost its host and is free for the next one. */
const noHostReason = `${reasonPrefix}no host`

/** Ends the node's machine, waits until it is certainly gone, and frees its name in Slurm. */
export async function remove(deps: OperationDeps, context: StepContext): Promise<StepOutcome> {
  const { record } = context
  let { operation } = context
  const { fleet } = deps
  const node = fleet.nodes.get(operation.node)
  if (!node) return { kind: 'done', message: 'gone' }
  if (operation.facts.oldToken === undefined) {
    if (!node.machine) return { kind: 'fail', message: 'the node has no machine that we made; remove it by hand' }
    if (operation.kind === 'replace' && !deps.pool(operation.pool)) {
      return { kind: 'fail', message: `pool ${operation.pool} is no longer in the configuration: nothing would follow` }
    }
    const changes: FleetChange[] = [{ kind: 'node', node: { ...node, status: 'terminated' } }]
    if (operation.kind === 'replace' && operation.initiator === 'health') {
      changes.push({ kind: 'pool', memory: quarantined(fleet.poolMemory(node.pool), node.machine.id) })
    }
    const { id: oldMachineId, token: oldToken } = node.machine
    const slurmName = operation.facts.slurmName ?? node.slurmNaming
    // The name outlives the node's record: a retry after the node is gone must know how to announce it.
    operation = await record({ oldMachineId, oldToken, ...(slurmName && { slurmName }) }, changes)
  }
  const { oldToken = '', oldMachineId } = operation.facts
  const ended = await endMachine(deps, { ...context, operation }, oldToken, oldMachineId)
  if (ended.kind !== 'done') return ended
  if (deps.slurm) await freeName(deps.slurm, node.id, node.slurmNaming)
  const changes: FleetChange[] = []
  const present = fleet.nodes.get(node.id)
  if (operation.kind === 'scale-down') changes.push({ kind: 'node-removed', id: node.id })
  else if (present) changes.push({ kind: 'node', node: withoutMachine(present) })
  return { kind: 'done', message: ended.message ?? 'machine ended', changes, facts: { drainOwned: false } }
}

/**
 * Undoes an operation: takes back its launch, lifts its drain where nothing speaks against it. A fault does, and an
 * operator's hold, and an operator who cancelled a replacement: that node waits for `uncordon`.
 */
/** A faulty machine of a rack must not come back as its own replacement; a cloud never returns the same id. */
function quarantined(memory: PoolMemory, machineId: string): PoolMemory {
  return { ...memory, quarantine: [...new Set([...memory.quarantine, machineId])] }
}

export async function takeBack(deps: OperationDeps, context: StepContext): Promise<StepOutcome> {
  const { operation } = context
  const { fleet, slurm } = deps
  const { token, rollback, drainOwned, oldToken } = operation.facts
  const changes: FleetChange[] = []
  if (token !== undefined) {
    const occupied =
      slurm && fleet.machines.get(token)?.state === 'running' && (await startedJobs(slurm, operation.node))
    if (occupied) return occupied
    const ended = await endMachine(deps, context, token, operation.facts.machineId)
    if (ended.kind !== 'done') return ended
    if (slurm) await freeName(slurm, operation.node, operation.facts.slurmName)
    const node = fleet.nodes.get(operation.node)
    if (node?.findings.some(asksForDrain) && operation.facts.machineId !== undefined) {
      changes.push({ kind: 'pool', memory: quarantined(fleet.poolMemory(operation.pool), operation.facts.machineId) })
    }
    if (node && rollback?.end !== 'again') changes.push({ kind: 'node-removed', id: node.id })
    else if (node) changes.push({ kind: 'node', node: withoutMachine(node) })
    return { kind: 'done', changes }
  }
  const node = fleet.nodes.get(operation.node)
  if (node && oldToken !== undefined) changes.push({ kind: 'node', node: { ...node, status: 'drained' } })
  else if (node && slurm && drainOwned && !staysDrained(operation, node)) await slurm.resume(node.id)
  return { kind: 'done', changes }
}

function staysDrained(operation: Operation, node: FleetNode): boolean {
  return isFaulty(node) || node.hold !== undefined || (operation.kind === 'replace' && operation.cancelRequested)
}

/** States of jobs that have a node and have not begun on it. */
const unstarted: ReadonlySet<string> = new Set(['CONFIGURING', 'PENDING', 'POWER_UP_NODE'])

/** A CLOUD name takes jobs before its host is verified: those that began there end before their machine does. */
async function startedJobs(slurm: SlurmLink, name: string): Promise<StepOutcome | undefined> {
  const job = (await slurm.jobsOn(name)).find((candidate) => !unstarted.has(candidate.state))
  if (!job) return undefined
  await slurm.drain(name, 'its machine is being taken back')
  return { kind: 'wait', ms: lookAgainMs, message: `waits for job ${job.id}` }
}

/** Ends a machine by its launch token. Repeats are harmless. */
async function endMachine(
  deps: OperationDeps,
  { operation, record, signal }: StepContext,
  token: string,
  knownId: string | undefined,
): Promise<StepOutcome> {
  const { fleet, clock } = deps
  const machine = fleet.machines.get(token)
  if (!machine) return { kind: 'done', message: 'machine already gone' }
  const provider = deps.provider(machine.provider)
  if (!provider) return { kind: 'retry', message: `provider ${machine.provider} is no longer in the configuration` }
  try {
    // A launch whose answer was lost is known by its token alone.
    const id = knownId ?? machine.id ?? (await provider.list(signal)).find((found) => found.token === token)?.id
    if (id !== undefined) {
      if (machine.state !== 'terminating')
        await record({}, [{ kind: 'machine', machine: { ...machine, id, state: 'terminating' } }])
      const found = await provider.get(id, signal)
      if (found && found.state !== 'terminated') {
        if (provider.keepsMachines) await retire(deps, found, machine, signal)
        if (found.state !== 'terminating') await provider.terminate(id, signal)
        const after = await provider.get(id, signal)
        if (after && after.state !== 'terminated') {
          return { kind: 'wait', ms: 2_000, message: `waits until machine ${id} is gone` }
        }
      }
    }
    const ended: MachineRecord = {
      ...machine,
      ...(id !== undefined && { id }),
      state: 'terminated',
      terminatedAt: clock.now(),
    }
    await record({}, [
      { kind: 'machine', machine: ended },
      {
        kind: 'event',
        type: 'machine',
        message: `machine ${id ?? token} ended`,
        pool: machine.pool,
        node: machine.node,
        operation: operation.id,
      },
    ])
    return { kind: 'done', message: `machine ${id ?? token} ended` }
  } catch (error) {
    const failure = providerErrorOf(error)
    return { kind: 'retry', message: `cannot end machine: ${failure.message}` }
  }
}

/** A machine that cannot be reached any more is left as it is: whatever still runs there is refused by its boot. */
async function retire(deps: OperationDeps, found: Machine, machine: MachineRecord, signal: AbortSignal): Promise<void> {
  const pool = deps.pool(machine.pool)
  const address = found.address ?? machine.address
  if (!pool || address === undefined || pool.bootstrap.kind === 'none') return
  const { sshPort, sshUser, hostKeys } = found
  await deps.bootstrapper
    .retire(
      {
        pool,
        node: machine.node,
        machineId: found.id,
        address,
        ...(sshPort !== undefined && { sshPort }),
        ...(sshUser !== undefined && { sshUser }),
        ...(hostKeys !== undefined && { hostKeys }),
      },
      signal,
    )
    .catch((error: unknown) => {
      if (signal.aborted) throw error
      deps.log.warn('machine given up without stopping what runs there', {
        pool: machine.pool,
        node: machine.node,
        machine: found.id,
        error: error instanceof Error ? error.message : String(error),
      })
    })
}

/** Makes a name that has lost its host free for the next one, by what kind of name it is. */
async function freeName(slurm: SlurmLink, name: string, naming: SlurmNaming | undefined): Promise<void> {
  const node = await slurm.node(name)
  if (!node) return
  // A person who takes the name out of service keeps it, host or no host.
  if (isHeldByPerson(node)) return
  if (isFuture(node.state)) {
    // State=FUTURE is refused for a name that was announced, drained, and never came.
    if (isDrain(node.state)) await slurm.update(name, { state: 'UNDRAIN' })
    return
  }
  if (naming === 'future') {
    await slurm.update(name, { state: 'FUTURE' })
    return
  }
  if (naming === 'dynamic' || (naming === undefined && isDynamic(node.state))) {
    await slurm.deleteNode(name)
    return
  }
  if (naming === 'cloud' || (naming === undefined && isCloud(node.state))) {
    await freeCloudName(slurm, name, node)
    return
  }
  if (!isDrain(node.state) && !isDown(node.state)) await slurm.update(name, { state: 'DRAIN', reason: noHostReason })
}

/**
 * Powers a CLOUD name down where Slurm does power saving. Where it does not, it refuses that (seen on 22.05 and 24.11), and
 * the name is set DOWN: a name without a host that looked idle would be given jobs and never answer.
 */
async function freeCloudName(slurm: SlurmLink, name: string, node: NodeRecord): Promise<void> {
  // Either would requeue jobs that Slurm has given to the name in the meantime.
  if (isBusy(node.state) || node.state.flags.includes('POWERED_DOWN')) return
  const { resumeProgram } = await slurm.config()
  if (resumeProgram !== undefined) await slurm.update(name, { state: 'POWER_DOWN_FORCE' })
  else if (!isDown(node.state)) await slurm.update(name, { state: 'DOWN', reason: noHostReason })
}

function withoutMachine<T extends { machine?: unknown }>(node: T): Omit<T, 'machine'> {
  const { machine: _machine, ...rest } = node
  return rest
}
