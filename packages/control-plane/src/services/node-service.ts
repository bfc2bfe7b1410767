import { create } from '@bufbuild/protobuf'
import { timestampFromMs } from '@bufbuild/protobuf/wkt'
import { InstanceInfoSchema, InstanceState } from '@navarch/api/control-plane'
import type { NodeJson } from '@navarch/api/rest'
import { namesIn } from '@navarch/core/demand/names-in'
import { asksForDrain } from '@navarch/core/health/assess'
import type { FleetNode } from '@navarch/core/node/node'
import type { OperationKind } from '@navarch/core/operation/operation'
import type { JobRecord } from '@navarch/slurm/job-record'
import type { NodeRecord } from '@navarch/slurm/node-record'
import type { SlurmSnapshot } from '@navarch/slurm/snapshot'
import type { Clock } from '@navarch/system/clock'
import type { Fleet } from '../fleet/fleet.ts'
import type { Engine } from '../operations/engine.ts'
import type { SlurmLink } from '../slurm/slurm-link.ts'
import type { MachineRecord } from '../store/store.ts'
import { type NodeInSlurm, renderBootstrap, renderNode } from './render.ts'
import { ServiceError } from './service-error.ts'
import type { NodeService } from './services.ts'

export interface NodeServiceDeps {
  fleet: Fleet
  engine: Engine
  slurm: SlurmLink | undefined
  clock: Clock
}

/** Findings of the past that a node is shown with. */
const shownFindings = 50
/** How long `uncordon` waits for a drain that is on its way to stop, ms. */
const undoDeadlineMs = 10_000

/** Shows a node as it is now, from memory alone: without findings that are over. */
export type DescribeNode = (node: FleetNode) => NodeJson

export function createNodeService(deps: NodeServiceDeps): NodeService & { describe: DescribeNode } {
  const { fleet, engine, slurm, clock } = deps
  const index = createSlurmIndex()

  function render(node: FleetNode): NodeJson {
    return renderNode(node, index(slurm?.view().snapshot, node.id), operationsOf(node))
  }

  /** What has the node in hand, and then what waits for approval. */
  function operationsOf({ id }: FleetNode): string[] {
    return [fleet.operationOf(id), fleet.proposalOf(id)].flatMap((operation) => operation?.id ?? [])
  }

  function find(id: string): FleetNode {
    const exact = fleet.nodes.get(id)
    if (exact) return exact
    const short = id.split('.')[0] ?? ''
    const matches = [...fleet.nodes.values()].filter(
      (node) =>
        node.id === short ||
        node.hostname === id ||
        node.id.split('.')[0] === id ||
        node.hostname.split('.')[0] === short,
    )
    const [found, second] = matches
    if (found && !second) return found
    if (second) throw new ServiceError('conflict', `${id} is ambiguous: ${matches.map((node) => node.id).join(', ')}`)
    throw new ServiceError('not_found', `node not found: ${id}`)
  }

  async function hold(id: string, action: 'cordon' | 'drain', reason: string): Promise<NodeJson> {
    const node = find(id)
    if (node.hold?.action === action) return render(node)
    const text = reason || `${action} by an operator`
    const held: FleetNode = { ...node, hold: { action, reason: text, since: clock.now() } }
    await startForOperator(action, held, text)
    return render(fleet.nodes.get(node.id) ?? held)
  }

  async function startForOperator(kind: OperationKind, node: FleetNode, reason: string): Promise<void> {
    await engine.start({ kind, pool: node.pool, node: node.id, reason, initiator: 'operator' }, [
      { kind: 'node', node },
    ])
  }

  return {
    describe: render,
    list: (filter) =>
      [...fleet.nodes.values()]
        .filter((node) => (filter.provider ?? node.provider) === node.provider)
        .filter((node) => (filter.region ?? node.region) === node.region)
        .filter((node) => (filter.pool ?? node.pool) === node.pool)
        .filter((node) => (filter.health ?? node.health) === node.health)
        .map(render)
        .filter((node) => (filter.status ?? node.status) === node.status)
        .sort((a, b) => (a.id < b.id ? -1 : 1)),
    async get(id) {
      const node = find(id)
      const history = await fleet.history.findings(node.id, shownFindings)
      return renderNode(node, index(slurm?.view().snapshot, node.id), operationsOf(node), history)
    },
    cordon: (id, reason) => hold(id, 'cordon', reason),
    drain: (id, reason) => hold(id, 'drain', reason),
    async uncordon(id, reason) {
      const { id: name, hold } = find(id)
      if (render(find(name)).status === 'active' && !hold) {
        throw new ServiceError('conflict', `node ${name} is active: it is neither cordoned nor drained`)
      }
      // A drain or cordon that is still on its way is overtaken by its undoing.
      const busy = fleet.operationOf(name)
      if (busy && (busy.kind === 'cordon' || busy.kind === 'drain')) {
        await engine.cancel(busy.id)
        await engine.ended(busy.id, undoDeadlineMs)
      }
      const node = find(name)
      const { hold: _hold, ...rest } = node
      // The operator vouches for the node: what was found before is history; what still holds will be reported again.
      const free: FleetNode = {
        ...rest,
        findings: node.findings.filter((finding) => !asksForDrain(finding)),
        badReports: 0,
        ...(node.health === 'unhealthy' && {
          health: 'unknown' as const,
          healthReason: 'not reported since it was given back',
        }),
      }
      await startForOperator('uncordon', free, reason || 'uncordoned by an operator')
      return render(fleet.nodes.get(node.id) ?? free)
    },
    bootstrapLogs: async (id) => {
      const records = await fleet.history.bootstraps(fleet.nodes.get(id)?.id ?? id, 20)
      if (records.length === 0) find(id)
      return records.map(renderBootstrap)
    },
    instances: async (filter) =>
      (await fleet.history.machineHistory(10_000))
        .filter((machine) => (filter.provider ?? machine.provider) === machine.provider)
        .filter((machine) => (filter.region ?? machine.region) === machine.region)
        .filter((machine) => (filter.pool ?? machine.pool) === machine.pool)
        .map((machine) => instanceOf(machine, fleet.nodes.get(machine.node))),
  }
}

/** Looks up a node's record and jobs in the newest snapshot; indexes each snapshot once. */
function createSlurmIndex(): (snapshot: SlurmSnapshot | undefined, node: string) => NodeInSlurm | undefined {
  let indexed: SlurmSnapshot | undefined
  let records = new Map<string, NodeRecord>()
  let jobs = new Map<string, JobRecord[]>()
  return (snapshot, name) => {
    if (!snapshot) return undefined
    if (indexed !== snapshot) {
      indexed = snapshot
      records = new Map(snapshot.nodes.map((record) => [record.name, record]))
      jobs = new Map()
      for (const job of snapshot.jobs)
        for (const node of namesIn(job.nodes)) jobs.set(node, [...(jobs.get(node) ?? []), job])
    }
    const record = records.get(name)
    return record && { record, jobs: jobs.get(name) ?? [], seenAt: snapshot.takenAt }
  }
}

function instanceOf(machine: MachineRecord, node: FleetNode | undefined) {
  return create(InstanceInfoSchema, {
    instanceId: machine.id ?? machine.token,
    provider: machine.provider,
    region: machine.region,
    zone: machine.zone,
    instanceType: machine.instanceType,
    state: stateOf(machine, node),
    poolName: machine.pool,
    createdAt: timestampFromMs(machine.createdAt),
    ...(machine.readyAt !== undefined && { readyAt: timestampFromMs(machine.readyAt) }),
    ...(machine.terminatedAt !== undefined && { terminatedAt: timestampFromMs(machine.terminatedAt) }),
    nodeId: machine.node,
    statusMessage: machine.message,
  })
}

function stateOf(machine: MachineRecord, node: FleetNode | undefined): InstanceState {
  switch (machine.state) {
    case 'launching':
      return InstanceState.PROVISIONING
    case 'running':
      return node?.registeredAt === undefined ? InstanceState.PENDING_REGISTRATION : InstanceState.RUNNING
    case 'terminating':
      return InstanceState.TERMINATING
    case 'terminated':
      return InstanceState.TERMINATED
    case 'failed':
      return InstanceState.FAILED
  }
}
