import type { JobRecord } from '@navarch/slurm/job-record'
import type { NodeRecord } from '@navarch/slurm/node-record'
import { hasFlag, isBusy, isDown, isDrain, isSchedulable } from '@navarch/slurm/node-state'
import type { SlurmSnapshot } from '@navarch/slurm/snapshot'
import { reasonOwner } from '../../pool/reason-owner.ts'
import { pendingWords, tasksOf } from '../../queue/pending-words.ts'
import type { Reading, Readings } from '../alert.ts'
import type { Labels } from '../alert-rule.ts'

/** A snapshot that is new enough to be taken for the present. */
export interface SlurmFacts {
  snapshot: SlurmSnapshot
  labelsOf: (record: NodeRecord) => Labels
  /** ms since the epoch. */
  now: number
}

const one = (value: number | undefined, note?: string): Readings => ({
  values: [{ key: '', labels: {}, value, ...(note !== undefined && { note }) }],
})
const none: Readings = { values: [] }

/** Names that have no host now, because nobody made one or it was given up: nothing is wrong with them. */
function isHostless({ state }: NodeRecord): boolean {
  if (state.base === 'FUTURE') return true
  const powered = ['POWERED_DOWN', 'POWERING_DOWN', 'POWERING_UP', 'POWER_DOWN', 'POWER_UP'] as const
  return powered.some((flag) => hasFlag(state, flag))
}

function isPlanned({ state }: NodeRecord): boolean {
  return hasFlag(state, 'MAINTENANCE') || hasFlag(state, 'RESERVED')
}

export function downReadings({ snapshot, labelsOf }: SlurmFacts): Readings {
  const values = snapshot.nodes
    .filter((record) => !isHostless(record))
    .map((record): Reading => {
      const down = isDown(record.state) || record.state.base === 'ERROR' || hasFlag(record.state, 'NOT_RESPONDING')
      const why = record.reason ? `: ${record.reason}` : ''
      return { key: record.name, labels: labelsOf(record), value: down ? 1 : 0, note: `down in Slurm${why}` }
    })
  return { values }
}

const owners = { ours: 'navarch', person: 'person', slurm: 'slurm', nobody: 'person' } as const

export function outOfServiceReadings({ snapshot, labelsOf, now }: SlurmFacts): Readings {
  const values = snapshot.nodes
    .filter((record) => !isHostless(record))
    .map((record): Reading => {
      if (!isDrain(record.state)) return { key: record.name, labels: labelsOf(record), value: 0 }
      const labels = { ...labelsOf(record), owner: owners[reasonOwner(record.reason)] }
      const value = record.reasonAt === undefined ? undefined : Math.max(0, now - record.reasonAt) / 1000
      return { key: record.name, labels, value }
    })
  return { values }
}

/** Nodes in a maintenance or reservation are as somebody wants them, and count for nothing. */
export function availableReadings({ snapshot }: SlurmFacts): Readings {
  const counted = snapshot.nodes.filter((record) => !isHostless(record) && !isPlanned(record))
  if (counted.length === 0) return none
  const available = counted.filter((record) => isSchedulable(record.state)).length
  const note = `${available} of ${counted.length} nodes in service`
  return one((100 * available) / counted.length, note)
}

export function inServiceReadings({ snapshot }: SlurmFacts): Readings {
  // A cluster whose nodes are all made on demand has none while there is no work, and that is well.
  if (snapshot.nodes.every(isHostless)) return none
  return one(snapshot.nodes.filter((record) => isSchedulable(record.state)).length)
}

export function freeReadings({ snapshot }: SlurmFacts): Readings {
  const serving = snapshot.nodes.filter((record) => isSchedulable(record.state))
  if (serving.length === 0) return none
  const gpus = serving.reduce((sum, record) => sum + record.gpus, 0)
  if (gpus === 0) {
    const free = serving.filter((record) => !isBusy(record.state)).length
    return one((100 * free) / serving.length, `${free} of ${serving.length} nodes are free`)
  }
  const used = serving.reduce<number | undefined>((sum, record) => {
    if (sum === undefined || record.gpus === 0) return sum
    return record.gpusAllocated === undefined ? undefined : sum + Math.min(record.gpusAllocated, record.gpus)
  }, 0)
  return used === undefined
    ? one(undefined)
    : one((100 * (gpus - used)) / gpus, `${gpus - used} of ${gpus} GPUs are free`)
}

export function cpusReadings({ snapshot }: SlurmFacts): Readings {
  return one(snapshot.nodes.reduce((sum, record) => sum + record.cpusAllocated, 0))
}

const pendingOf = ({ jobs }: SlurmSnapshot) => jobs.filter((job) => job.state === 'PENDING')

function waitsForNodes(job: JobRecord, now: number): boolean {
  const { kind } = pendingWords(job, now)
  return kind === 'resources' || kind === 'priority'
}

export function freeForPendingReadings({ snapshot, now }: SlurmFacts): Readings {
  const waiting = pendingOf(snapshot).filter((job) => waitsForNodes(job, now))
  if (waiting.length === 0) return none
  const free = snapshot.nodes.filter(
    ({ state }) => isSchedulable(state) && (state.base === 'IDLE' || state.base === 'MIXED'),
  ).length
  return one(free)
}

export function pendingReadings({ snapshot }: SlurmFacts): Readings {
  return one(pendingOf(snapshot).reduce((sum, job) => sum + tasksOf(job), 0))
}

export function runningReadings({ snapshot }: SlurmFacts): Readings {
  return one(snapshot.jobs.filter((job) => job.state === 'RUNNING').length)
}

export function pendingByReasonReadings({ snapshot }: SlurmFacts): Readings {
  const counts = new Map<string, Reading>()
  for (const job of pendingOf(snapshot)) {
    for (const partition of job.partitions) {
      const key = `${partition}/${job.reason.code}`
      const value = (counts.get(key)?.value ?? 0) + tasksOf(job)
      counts.set(key, { key, labels: { partition, reason: job.reason.code }, value })
    }
  }
  return { values: [...counts.values()] }
}

export function stuckReadings({ snapshot, now }: SlurmFacts): Readings {
  const counts = new Map<string, number>()
  for (const job of pendingOf(snapshot)) {
    if (pendingWords(job, now).kind !== 'stuck') continue
    const partition = job.partitions[0] ?? ''
    counts.set(partition, (counts.get(partition) ?? 0) + tasksOf(job))
  }
  return {
    values: [...counts].map(([partition, value]) => ({ key: partition, labels: { partition }, value })),
  }
}

export function waitReadings({ snapshot, now }: SlurmFacts): Readings {
  const oldest = new Map<string, number>()
  for (const job of pendingOf(snapshot)) {
    if (job.submitTime === undefined || !waitsForNodes(job, now)) continue
    // It does not wait for nodes before it may start.
    const since = Math.max(job.submitTime, Math.min(job.eligibleTime ?? 0, now))
    for (const partition of job.partitions) {
      oldest.set(partition, Math.min(oldest.get(partition) ?? since, since))
    }
  }
  const values = [...oldest].map(([partition, since]) => ({
    key: partition,
    labels: { partition },
    value: Math.max(0, now - since) / 1000,
  }))
  return { values }
}

/** Values of sdiag. */
export const diagValues = {
  slurm_server_threads: ({ diag }: SlurmSnapshot) => diag?.serverThreads,
  slurm_agent_queue: ({ diag }: SlurmSnapshot) => diag?.agentQueueSize,
  slurm_dbd_agent_queue: ({ diag }: SlurmSnapshot) => diag?.dbdAgentQueueSize,
  slurm_cycle_ms: ({ diag }: SlurmSnapshot) =>
    diag?.meanCycleMicroseconds === undefined ? undefined : diag.meanCycleMicroseconds / 1000,
} as const

export function diagReadings(facts: SlurmFacts, pick: (snapshot: SlurmSnapshot) => number | undefined): Readings {
  return one(pick(facts.snapshot))
}

export function problemReadings({ snapshot }: SlurmFacts): Readings {
  return one(snapshot.problems.length, snapshot.problems[0]?.message)
}
