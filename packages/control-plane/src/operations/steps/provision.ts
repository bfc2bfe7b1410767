import type { FleetNode, MachineRef } from '@navarch/core/node/node'
import type { Operation } from '@navarch/core/operation/operation'
import type { PoolSpec } from '@navarch/core/pool/pool-spec'
import type { Machine, Provider } from '@navarch/providers/provider'
import type { FleetChange } from '../../fleet/fleet.ts'
import type { MachineRecord } from '../../store/store.ts'
import type { OperationDeps } from '../deps.ts'
import { providerErrorOf } from '../provider-gate.ts'
import type { StepContext, StepOutcome } from '../step.ts'

/** Launches one machine for the node's name and waits until it has an address. */
export async function provision(deps: OperationDeps, context: StepContext): Promise<StepOutcome> {
  const { record, signal } = context
  let { operation } = context
  const { fleet, gate, clock } = deps
  const pool = deps.pool(operation.pool)
  if (!pool) return { kind: 'fail', message: `pool ${operation.pool} is no longer in the configuration` }
  const provider = deps.provider(pool.provider)
  if (!provider) return { kind: 'fail', message: `provider ${pool.provider} is not in the configuration` }

  const delay = operation.facts.machineId === undefined ? gate.enter(provider.name, clock.now()) : 0
  if (delay > 0) return { kind: 'wait', ms: delay, message: gateMessage(deps, provider) }
  if (operation.facts.token === undefined) {
    // The token is on disk before the provider hears of it: a crash in between cannot make a second machine.
    const token = deps.newToken()
    operation = await record({ token }, [{ kind: 'machine', machine: newMachine(operation, pool, token, clock.now()) }])
  }
  const { token = '', machineId } = operation.facts
  try {
    const machine = machineId === undefined ? await launch(provider) : await provider.get(machineId, signal)
    gate.succeeded(provider.name)
    if (!machine || machine.state === 'terminating' || machine.state === 'terminated') {
      return { kind: 'give-up', message: `machine ${machineId ?? ''} went away before it was ready` }
    }
    if (machineId === undefined) operation = await record({ machineId: machine.id }, recorded(machine, pool))
    if (machine.state !== 'running' || machine.address === undefined) return notYet(machine)
    return {
      kind: 'done',
      message: `machine ${machine.id} at ${machine.address}`,
      facts: { address: machine.address },
      changes: recorded(machine, pool),
    }
  } catch (error) {
    if (signal.aborted) throw error
    const failure = providerErrorOf(error)
    const wait = gate.failed(provider.name, failure, clock.now())
    deps.log.warn('provider call failed', {
      pool: pool.name,
      provider: provider.name,
      error: failure.message,
      code: failure.code,
      retry_in_seconds: Math.round(wait / 1000),
    })
    return { kind: 'wait', ms: wait, message: gateMessage(deps, provider) }
  }

  function launch(from: Provider): Promise<Machine> {
    return from.launch(
      {
        node: operation.node,
        pool: operation.pool,
        token,
        instanceType: pool?.instanceType ?? '',
        region: pool?.region ?? '',
        zones: pool?.zones ?? [],
        sshKeys: pool?.sshKeys ?? [],
        ...(pool?.image !== undefined && { image: pool.image }),
        exclude: fleet.poolMemory(operation.pool).quarantine,
      },
      signal,
    )
  }

  function notYet(machine: Machine): StepOutcome {
    const launchedAt = fleet.machines.get(token)?.createdAt ?? clock.now()
    const age = clock.now() - launchedAt
    if (age > (provider?.bootDeadlineMs ?? 0)) {
      return { kind: 'give-up', message: `machine ${machine.id} has no address after ${Math.round(age / 1000)} s` }
    }
    // Slow machines of a large pool would use up a provider's rate of calls.
    const ms = Math.min(Math.max(age / 10, 1_000), 10_000)
    return { kind: 'wait', ms, message: `machine ${machine.id} is ${machine.state}` }
  }

  function recorded(machine: Machine, of: PoolSpec): FleetChange[] {
    const known = fleet.machines.get(token)
    const present = fleet.nodes.get(operation.node)
    const ref: MachineRef = {
      id: machine.id,
      provider: of.provider,
      token,
      ...(machine.address !== undefined && { address: machine.address }),
    }
    const node = present?.machine?.token === token ? present : provisioningNode(present, operation, of, clock.now())
    const changes: FleetChange[] = [
      { kind: 'node', node: { ...node, machine: ref, zone: machine.zone, region: machine.region } },
    ]
    if (known) {
      const address = machine.address === undefined ? {} : { address: machine.address }
      changes.push({
        kind: 'machine',
        machine: {
          ...known,
          ...address,
          id: machine.id,
          zone: machine.zone,
          state: 'running',
          // The wait for capacity is no part of its time to boot.
          ...(known.id === undefined && { createdAt: clock.now() }),
        },
      })
    }
    return changes
  }
}

function gateMessage(deps: OperationDeps, provider: Provider): string {
  const { error, failures } = deps.gate.health(provider.name)
  if (!error) return `waits for provider ${provider.name}`
  const remedy = error.remedy ? `. ${error.remedy}` : ''
  return `provider ${provider.name} failed ${failures} ${failures === 1 ? 'time' : 'times'} in a row: ${error.message}${remedy}`
}

function newMachine(operation: Operation, pool: PoolSpec, token: string, now: number): MachineRecord {
  return {
    token,
    provider: pool.provider,
    pool: pool.name,
    node: operation.node,
    region: pool.region,
    zone: pool.zones[0] ?? '',
    instanceType: pool.instanceType,
    state: 'launching',
    message: '',
    createdAt: now,
  }
}

/** The node as it is while a new machine is made for its name: nothing of the old machine holds any more. */
function provisioningNode(
  present: FleetNode | undefined,
  operation: Operation,
  pool: PoolSpec,
  now: number,
): FleetNode {
  return {
    id: operation.node,
    pool: pool.name,
    provider: pool.provider,
    region: pool.region,
    zone: pool.zones[0] ?? '',
    instanceType: pool.instanceType,
    slurmNaming: operation.facts.slurmName ?? present?.slurmNaming ?? 'none',
    status: 'provisioning',
    health: 'unknown',
    healthReason: 'not yet reported',
    recentReports: [],
    badReports: 0,
    gpus: [],
    samples: [],
    findings: [],
    hostname: operation.node,
    internalIp: '',
    externalIp: '',
    kernelVersion: '',
    labels: pool.labels,
    agentVersion: '',
    bootId: '',
    ...retired(present),
    createdAt: present?.createdAt ?? now,
  }
}

function retired(present: FleetNode | undefined): Pick<FleetNode, 'retiredBootId'> {
  const bootId = present?.bootId || present?.retiredBootId
  return bootId ? { retiredBootId: bootId } : {}
}
