import { isHeldByOthers } from '@navarch/core/pool/held-by-others'
import { reasonOwner } from '@navarch/core/pool/reason-owner'
import type { ControllerStatus, NodeChange, SlurmClient } from '@navarch/slurm/client'
import type { SlurmConfig } from '@navarch/slurm/config-record'
import type { JobRecord } from '@navarch/slurm/job-record'
import type { NodeRecord } from '@navarch/slurm/node-record'
import {
  hasFlag,
  isBusy,
  isCloud,
  isDown,
  isDrain,
  isFuture,
  isSchedulable,
  type NodeState,
} from '@navarch/slurm/node-state'
import { SlurmError } from '@navarch/slurm/slurm-error'
import type { SlurmSnapshot } from '@navarch/slurm/snapshot'
import type { SnapshotPoller, SnapshotView } from '@navarch/slurm/snapshot-poller'
import type { Clock } from '@navarch/system/clock'

/** Beginning of every reason that we give to a node: what begins so is ours to lift, and nothing else is. */
export const reasonPrefix = 'navarch: '

/**
 * How a drain ended up:
 * - `ours`: drained, with our reason
 * - `theirs`: somebody else keeps the node out of service; nothing was changed
 * - `absent`: Slurm has no such node, or no host under the name: there is nothing to drain
 */
export type DrainResult = { kind: 'ours' } | { kind: 'theirs'; by: string; reason: string } | { kind: 'absent' }

/** One cluster, as the control plane uses it. */
export interface SlurmLink {
  /** Whose word the looks are. */
  source: 'squeue' | 'slurmrestd'
  /** Questions about one job: few of them, and never in a loop over all. */
  jobs: Pick<SlurmClient, 'version' | 'jobDetail' | 'accountedJobs' | 'adminComment' | 'setAdminComment'>
  /** The newest shared look; nothing here runs a command. */
  view(): SnapshotView
  /** A look that is at most `maxAgeMs` old, shared by all that ask at the same time. */
  look(maxAgeMs: number): Promise<SlurmSnapshot>
  /** Calls back after each look. The returned function ends it. */
  onLook(callback: () => void): () => void
  /** Reservations and shares of accounts, by commands of their own. Never fails. */
  details: SlurmClient['details']
  /** What Slurm's topology puts together, by a command of its own; undefined where that cannot be told. */
  topology: SlurmClient['topology']
  /** What `scontrol ping` says of each controller, asked at most every 15 s. */
  controllers(): Promise<ControllerStatus[]>
  /** `scontrol show config`, read at most once a minute. */
  config(): Promise<SlurmConfig>
  /** The node as it is now; undefined when Slurm does not know it. */
  node(name: string): Promise<NodeRecord | undefined>
  jobsOn(name: string): Promise<JobRecord[]>
  /** Keeps new work away from the node, unless somebody else already does. */
  drain(name: string, reason: string): Promise<DrainResult>
  /** Lifts our drain. False when somebody else's keeps the node out of service. */
  resume(name: string): Promise<boolean>
  /** Changes a node without asking who had it drained: for names that have no host. */
  update(name: string, change: NodeChange): Promise<void>
  deleteNode(name: string): Promise<void>
  stop(): void
}

/** Makes the link over a client and the cluster's one poller. */
export function createSlurmLink(
  client: SlurmClient,
  poller: SnapshotPoller,
  clock: Clock,
  source: SlurmLink['source'] = 'squeue',
): SlurmLink {
  let config: { at: number; value: Promise<SlurmConfig> } | undefined
  let controllers: { at: number; value: Promise<ControllerStatus[]> } | undefined

  const node = async (name: string): Promise<NodeRecord | undefined> => {
    try {
      return await client.showNode(name)
    } catch (error) {
      if (error instanceof SlurmError && error.code === 'not-found') return undefined
      throw error
    }
  }

  return {
    source,
    jobs: client,
    view: () => poller.latest(),
    async look(maxAgeMs) {
      const { snapshot } = poller.latest()
      if (snapshot && clock.now() - snapshot.takenAt <= maxAgeMs) return snapshot
      return poller.refresh()
    },
    onLook: (callback) => poller.onSnapshot(callback),
    details: () => client.details(),
    topology: () => client.topology(),
    controllers() {
      if (!controllers || clock.now() - controllers.at > 15_000) {
        controllers = { at: clock.now(), value: client.ping() }
      }
      return controllers.value
    },
    config() {
      if (!config || clock.now() - config.at > 60_000) {
        const value = client.showConfig()
        config = { at: clock.now(), value }
        value.catch(() => {
          config = undefined
        })
      }
      return config.value
    },
    node,
    jobsOn: (name) => client.jobsOnNode(name),
    async drain(name, reason) {
      const found = await node(name)
      if (!found || isFuture(found.state)) return { kind: 'absent' }
      if (isDrain(found.state) && reasonOwner(found.reason) === 'ours') return { kind: 'ours' }
      if (isHeldByOthers(found)) {
        return { kind: 'theirs', by: found.reasonUser ?? 'unknown', reason: found.reason ?? '' }
      }
      if (isHostless(found.state)) return { kind: 'absent' }
      await client.updateNode(name, { state: 'DRAIN', reason: `${reasonPrefix}${reason}` })
      return { kind: 'ours' }
    },
    async resume(name) {
      const found = await node(name)
      if (!found || isSchedulable(found.state)) return true
      const owner = reasonOwner(found.reason)
      if ((isDrain(found.state) || isDown(found.state)) && (owner === 'person' || owner === 'slurm')) return false
      try {
        await client.updateNode(name, { state: 'RESUME' })
      } catch (error) {
        // RESUME of a node that needs none is refused; whether it needed one shows by looking.
        const after = await node(name)
        if (!after || isDrain(after.state) || isDown(after.state)) throw error
      }
      return true
    },
    update: (name, change) => client.updateNode(name, change),
    deleteNode: async (name) => {
      try {
        await client.deleteNode(name)
      } catch (error) {
        if (!(error instanceof SlurmError && error.code === 'not-found')) throw error
      }
    },
    stop: () => poller.stop(),
  }
}

/**
 * Whether no host is under the name. A CLOUD name that is powering up for a job has none yet, and 22.05 requeues that job
 * when the name is drained.
 */
function isHostless(state: NodeState): boolean {
  if (!isCloud(state)) return hasFlag(state, 'POWERED_DOWN') && !isBusy(state)
  return hasFlag(state, 'POWERED_DOWN') || hasFlag(state, 'POWERING_UP') || hasFlag(state, 'POWER_UP')
}
