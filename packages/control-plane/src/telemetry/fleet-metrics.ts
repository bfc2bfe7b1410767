import type { NavarchConfig } from '@navarch/config/navarch-config'
import type { NodeHealth } from '@navarch/core/node/node'
import { poolSize } from '@navarch/core/size/pool-size'
import type { Metric, MetricSample } from '@navarch/metrics/exposition'
import { sumCosts } from '@navarch/slurm/sum-costs'
import type { Fleet } from '../fleet/fleet.ts'
import type { Pools } from '../reconcile/pools.ts'
import type { SlurmLink } from '../slurm/slurm-link.ts'
import type { Counters } from './counters.ts'

export interface FleetMetricsDeps {
  fleet: Fleet
  config: Pick<NavarchConfig, 'pools'>
  pools: Pools
  slurm: Pick<SlurmLink, 'view'> | undefined
  counters: Counters
  now: () => number
}

/** 1 healthy, 0.5 degraded, 0 unhealthy, as the original system had it; unknown is not a number. */
const healthValue: Record<NodeHealth, number> = { healthy: 1, degraded: 0.5, unhealthy: 0, unknown: Number.NaN }

/** The fleet's own metrics, made from its state at each scrape: nothing stays behind when a node goes. */
export function fleetMetrics(deps: FleetMetricsDeps): Metric[] {
  const { fleet, counters } = deps
  const nodes = [...fleet.nodes.values()]
  const operations = [...fleet.operations.values()]
  return [
    {
      name: 'navarch_nodes_total',
      help: 'Nodes by status.',
      type: 'untyped',
      samples: counted(
        'status',
        nodes.map((node) => node.status),
      ),
    },
    {
      name: 'navarch_node_health_status',
      help: 'Health of a node: 1 healthy, 0.5 degraded, 0 unhealthy, NaN unknown.',
      type: 'gauge',
      samples: nodes.map((node) => ({
        labels: { node_id: node.id, status: node.health },
        value: healthValue[node.health],
      })),
    },
    {
      name: 'navarch_gpus_total',
      help: 'GPUs by provider.',
      type: 'untyped',
      samples: counted(
        'provider',
        nodes.flatMap((node) => node.gpus.map(() => node.provider)),
      ),
    },
    {
      name: 'navarch_nodes',
      help: 'Nodes by health.',
      type: 'gauge',
      samples: counted(
        'health',
        nodes.map((node) => node.health),
      ),
    },
    {
      name: 'navarch_xid_errors_total',
      help: 'XID errors seen since the start, by code.',
      type: 'counter',
      samples: [...counters.xids].map(([xid, value]) => ({ labels: { xid: String(xid) }, value })),
    },
    {
      name: 'navarch_operations',
      help: 'Operations that are not over, by kind and state.',
      type: 'gauge',
      samples: counted2(
        'kind',
        'state',
        operations.map((operation) => [operation.kind, operation.state]),
      ),
    },
    ...poolMetrics(deps),
    ...slurmMetrics(deps),
  ]
}

function poolMetrics({ config, pools }: FleetMetricsDeps): Metric[] {
  const sizes: MetricSample[] = []
  const unknown: MetricSample[] = []
  for (const pool of config.pools) {
    const view = pools.view(pool)
    const size = poolSize(pool, view.members, view.decision.wanted)
    for (const state of ['wanted', 'ready', 'busy', 'provisioning', 'min', 'max'] as const) {
      sizes.push({ labels: { pool: pool.name, state }, value: size[state] })
    }
    for (const [reason, value] of Object.entries(view.demand?.unknownReasons ?? {})) {
      unknown.push({ labels: { pool: pool.name, reason }, value })
    }
  }
  return [
    {
      name: 'navarch_pool_nodes',
      help: 'Nodes of a pool: wanted, ready, busy, provisioning, and its limits.',
      type: 'gauge',
      samples: sizes,
    },
    {
      name: 'navarch_unknown_pending_reasons',
      help: 'Pending jobs whose reason is not known, and which are not counted as demand.',
      type: 'gauge',
      samples: unknown,
    },
  ]
}

function slurmMetrics({ slurm, now }: FleetMetricsDeps): Metric[] {
  if (!slurm) return []
  const { snapshot, failures } = slurm.view()
  const seen = (value: number): MetricSample[] => (snapshot ? [{ value }] : [])
  return [
    {
      name: 'navarch_slurm_snapshot_age_seconds',
      help: 'Age of the newest look at Slurm; absent before the first.',
      type: 'gauge',
      samples: seen(snapshot ? (now() - snapshot.takenAt) / 1000 : 0),
    },
    {
      name: 'navarch_slurm_snapshot_duration_seconds',
      help: 'How long the newest look at Slurm took.',
      type: 'gauge',
      samples: seen((snapshot?.tookMs ?? 0) / 1000),
    },
    {
      name: 'navarch_slurm_command_duration_seconds',
      help: 'What each command of the newest look took.',
      type: 'gauge',
      samples: [...sumCosts(snapshot?.costs ?? [])].map(([command, { tookMs }]) => ({
        labels: { command },
        value: tookMs / 1000,
      })),
    },
    {
      name: 'navarch_slurm_failed_looks',
      help: 'Looks at Slurm that failed in a row.',
      type: 'gauge',
      samples: [{ value: failures }],
    },
  ]
}

function counted(label: string, words: readonly string[]): MetricSample[] {
  const counts = new Map<string, number>()
  for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1)
  return [...counts].map(([word, value]) => ({ labels: { [label]: word }, value }))
}

function counted2(first: string, second: string, pairs: readonly (readonly [string, string])[]): MetricSample[] {
  const counts = new Map<string, { labels: Record<string, string>; value: number }>()
  for (const [a, b] of pairs) {
    const sample = counts.get(`${a} ${b}`) ?? { labels: { [first]: a, [second]: b }, value: 0 }
    counts.set(`${a} ${b}`, { ...sample, value: sample.value + 1 })
  }
  return [...counts.values()]
}
