import type { Readings } from '@navarch/core/alert/alert'
import type { MetricName } from '@navarch/core/alert/alert-metrics'
import { availabilityOf, type HourOfLooks } from '@navarch/core/alert/availability'
import {
  eccReadings,
  type FleetFacts,
  findingReadings,
  gpuReadings,
  gpuValues,
  healthReadings,
  loadReadings,
  loadValues,
  silenceReadings,
  unattendedReadings,
  xidReadings,
} from '@navarch/core/alert/readings/fleet-readings'
import { placeLabels } from '@navarch/core/alert/readings/node-place'
import {
  approvalReadings,
  failedReadings,
  type OperationFacts,
  stepReadings,
  waitingReadings,
} from '@navarch/core/alert/readings/operation-readings'
import {
  availableReadings,
  cpusReadings,
  diagReadings,
  diagValues,
  downReadings,
  freeForPendingReadings,
  freeReadings,
  inServiceReadings,
  outOfServiceReadings,
  pendingByReasonReadings,
  pendingReadings,
  problemReadings,
  runningReadings,
  type SlurmFacts,
  stuckReadings,
  waitReadings,
} from '@navarch/core/alert/readings/slurm-readings'
import type { PoolSpec } from '@navarch/core/pool/pool-spec'
import type { Fleet } from '../fleet/fleet.ts'
import type { PoolView } from '../reconcile/pool-view.ts'
import type { Pools } from '../reconcile/pools.ts'
import type { Places } from '../slurm/places.ts'
import type { SlurmLink } from '../slurm/slurm-link.ts'
import type { FailedOperations } from './failed-operations.ts'
import {
  activeReadings,
  conditionReadings,
  heldReadings,
  missingReadings,
  ownReadings,
  unknown,
} from './own-readings.ts'

export interface AlertSourcesDeps {
  fleet: Fleet
  pools: Pools
  poolSpecs: readonly PoolSpec[]
  slurm: SlurmLink | undefined
  /** Where Slurm's topology has the nodes. */
  places: () => Places
  slurmPollMs: number
  heartbeatTimeoutMs: number
  listeningSince: () => number
  failedOperations: FailedOperations
  /** The last answers of what must be waited for. */
  waste: () => Readings
  /** Percent in use, by path. */
  volumes: () => Readings
  databases: () => Readings
  receivers: () => Readings
  /** What Navarch itself says is not as it should be. */
  conditions: () => readonly string[]
  looks: () => readonly HourOfLooks[]
  now: () => number
}

/** Values of everything that rules can be about. */
export interface AlertSources {
  /** Answers as of now. Nothing is waited for. */
  gather(): (metric: MetricName) => Readings
}

const nothing: Readings = { values: [] }

export function createAlertSources(deps: AlertSourcesDeps): AlertSources {
  const { fleet, slurm, now } = deps
  /** Older looks are not taken for the present. */
  const staleAfterMs = 5 * deps.slurmPollMs

  return {
    gather() {
      const at = now()
      const view = slurm?.view()
      const snapshot = view?.snapshot
      const records = new Map(snapshot?.nodes.map((record) => [record.name, record]))
      const places = deps.places()
      const labels = new Map<string, Readonly<Record<string, string>>>()
      const labelsOf = (id: string) => {
        const found = labels.get(id) ?? placeLabels(id, fleet.nodes.get(id), records.get(id), places.get(id))
        labels.set(id, found)
        return found
      }
      const facts: FleetFacts = {
        nodes: [...fleet.nodes.values()],
        labelsOf: (node) => labelsOf(node.id),
        operationOf: fleet.operationOf,
        proposalOf: fleet.proposalOf,
        heartbeatTimeoutMs: deps.heartbeatTimeoutMs,
        listeningSince: deps.listeningSince(),
        now: at,
      }
      const operations: OperationFacts = {
        open: [...fleet.operations.values()],
        failed: deps.failedOperations.all(),
        labelsOf: (node, pool) => ({ ...labelsOf(node), ...(pool && { pool }) }),
        now: at,
      }
      const bySlurm = (read: (facts: SlurmFacts) => Readings): Readings => {
        if (!slurm) return nothing
        if (!snapshot)
          return unknown(view?.error ? `Slurm cannot be read: ${view.error.message}` : 'Slurm has not been seen yet')
        if (at - snapshot.takenAt > staleAfterMs) return unknown('what is known of Slurm is too old')
        return read({ snapshot, labelsOf: (record) => labelsOf(record.name), now: at })
      }
      const ofSlurm = (value: number | undefined, note?: string): Readings => {
        if (!slurm) return nothing
        return { values: [{ key: '', labels: {}, value, ...(note !== undefined && { note }) }] }
      }

      // A view costs a look at every node and job.
      let seen: PoolView[] | undefined
      const views = (): PoolView[] => {
        seen ??= deps.poolSpecs.map((pool) => deps.pools.view(pool))
        return seen
      }

      const sources: Record<MetricName, () => Readings> = {
        gpu_utilization: () => gpuReadings(facts, gpuValues.gpu_utilization),
        gpu_memory_used: () => gpuReadings(facts, gpuValues.gpu_memory_used),
        gpu_memory_percent: () => gpuReadings(facts, gpuValues.gpu_memory_percent),
        gpu_temperature: () => gpuReadings(facts, gpuValues.gpu_temperature),
        gpu_power: () => gpuReadings(facts, gpuValues.gpu_power),
        xid: () => xidReadings(facts),
        gpu_ecc_uncorrected: () => eccReadings(facts),
        finding: () => findingReadings(facts),
        node_health: () => healthReadings(facts),
        node_silent_seconds: () => silenceReadings(facts),
        node_unattended: () => unattendedReadings(facts),
        node_cpu_percent: () => loadReadings(facts, loadValues.node_cpu_percent),
        node_memory_percent: () => loadReadings(facts, loadValues.node_memory_percent),
        node_out_of_service_seconds: () => (slurm ? bySlurm(outOfServiceReadings) : heldReadings(facts)),
        node_slurm_down: () => bySlurm(downReadings),
        nodes_available_percent: () => (slurm ? bySlurm(availableReadings) : activeReadings(facts)),
        cluster_free_percent: () => bySlurm(freeReadings),
        slurm_up: () =>
          view?.error ? ofSlurm(0, `Slurm does not answer: ${view.error.message}`) : ofSlurm(snapshot ? 1 : undefined),
        slurm_stale_seconds: () => ofSlurm(snapshot && (at - snapshot.takenAt) / 1000),
        slurm_availability_percent: () => ofSlurm(availabilityOf(deps.looks())),
        slurm_read_problems: () => bySlurm(problemReadings),
        slurm_cpus_alloc: () => bySlurm(cpusReadings),
        slurm_nodes_in_service: () => bySlurm(inServiceReadings),
        slurm_nodes_free_for_pending: () => bySlurm(freeForPendingReadings),
        slurm_queue_pending: () => bySlurm(pendingReadings),
        slurm_queue_running: () => bySlurm(runningReadings),
        queue_pending_jobs: () => bySlurm(pendingByReasonReadings),
        queue_stuck_jobs: () => bySlurm(stuckReadings),
        job_wait_seconds: () => bySlurm(waitReadings),
        job_idle_gpus: deps.waste,
        slurm_server_threads: () => bySlurm((each) => diagReadings(each, diagValues.slurm_server_threads)),
        slurm_agent_queue: () => bySlurm((each) => diagReadings(each, diagValues.slurm_agent_queue)),
        slurm_dbd_agent_queue: () => bySlurm((each) => diagReadings(each, diagValues.slurm_dbd_agent_queue)),
        slurm_cycle_ms: () => bySlurm((each) => diagReadings(each, diagValues.slurm_cycle_ms)),
        pool_missing_nodes: () => missingReadings(views()),
        pool_condition: () => conditionReadings(deps.pools, views()),
        operation_failed: () => failedReadings(operations),
        operation_step_seconds: () => stepReadings(operations),
        operation_waiting_seconds: () => waitingReadings(operations),
        operation_approval_seconds: () => approvalReadings(operations),
        volume_used_percent: deps.volumes,
        database_connections_percent: deps.databases,
        receiver_failures: deps.receivers,
        own_problems: () => ownReadings(deps.conditions()),
      }
      return (metric) => sources[metric]()
    },
  }
}
