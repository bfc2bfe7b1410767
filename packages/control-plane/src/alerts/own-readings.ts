import type { WasteJson } from '@navarch/api/jobs'
import type { Reading, Readings } from '@navarch/core/alert/alert'
import type { FleetFacts } from '@navarch/core/alert/readings/fleet-readings'
import { poolSize } from '@navarch/core/size/pool-size'
import type { PoolView } from '../reconcile/pool-view.ts'
import type { Pools } from '../reconcile/pools.ts'

/** Nothing is known, for a reason. */
export function unknown(problem: string): Readings {
  return { values: [], problem }
}

/** Without Slurm: what people have asked Navarch to keep out of service. */
export function heldReadings({ nodes, labelsOf, now }: FleetFacts): Readings {
  const values = nodes
    .filter((node) => node.status !== 'terminated')
    .map((node): Reading => {
      const labels = node.hold ? { ...labelsOf(node), owner: 'person' } : labelsOf(node)
      return { key: node.id, labels, value: node.hold ? (now - node.hold.since) / 1000 : 0 }
    })
  return { values }
}

/** Without Slurm: nodes that are active and not faulty. A silent node is neither good nor bad. */
export function activeReadings({ nodes }: FleetFacts): Readings {
  const counted = nodes.filter((node) => node.status !== 'terminated' && node.status !== 'provisioning')
  if (counted.length === 0) return { values: [] }
  const good = counted.filter((node) => node.status === 'active' && node.health !== 'unhealthy').length
  const note = `${good} of ${counted.length} nodes in service`
  return { values: [{ key: '', labels: {}, value: (100 * good) / counted.length, note }] }
}

export function missingReadings(views: readonly PoolView[]): Readings {
  const values = views.map(({ pool, members, decision, slurmProblem }): Reading => {
    const { wanted, ready } = poolSize(pool, members, decision.wanted)
    return {
      key: pool.name,
      labels: { pool: pool.name },
      value: slurmProblem === undefined ? Math.max(0, wanted - ready) : undefined,
      note: `${ready} of ${wanted} wanted nodes are in service`,
    }
  })
  return { values }
}

/** Conditions of a pool whose "true" says that something is wrong. */
const badWhenTrue: ReadonlySet<string> = new Set(['ResumeTimeoutShort'])
/** Conditions that tell how things are, and nothing is wrong with that. */
const neverBad: ReadonlySet<string> = new Set(['Held', 'Inactive'])

export function conditionReadings(pools: Pools, views: readonly PoolView[]): Readings {
  const values = views.flatMap((view) =>
    pools
      .conditions(view)
      .filter((condition) => !neverBad.has(condition.type))
      .map(({ type, status, message }): Reading => {
        const bad = badWhenTrue.has(type) ? 'true' : 'false'
        return {
          key: `${view.pool.name}/${type}`,
          labels: { pool: view.pool.name, condition: type },
          value: status === 'unknown' ? undefined : status === bad ? 1 : 0,
          note: message,
        }
      }),
  )
  return { values }
}

export function ownReadings(conditions: readonly string[]): Readings {
  const note = conditions.join('; ')
  return { values: [{ key: '', labels: {}, value: conditions.length, ...(note !== '' && { note }) }] }
}

export function wasteReadings(wasted: readonly WasteJson[]): Readings {
  const values = wasted.map((job): Reading => {
    const { job_id, run_id, user, account, partition, gpus_idle, reason } = job
    const labels = { job: job_id, user, ...(account && { account }), ...(partition && { partition }) }
    return { key: run_id, labels, value: gpus_idle, note: `GPUs held and not used: ${reason}` }
  })
  return { values }
}
