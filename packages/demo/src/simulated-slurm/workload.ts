import type { JobRequest, LoadKind, Outcome, SimulatedCluster } from './cluster.ts'

export interface JobKind {
  name: string
  nodeCount: number
  gpusPerNode: number
  load?: LoadKind
}

/** How much work a partition gets, as it comes and goes. */
export interface WavePlan {
  partition: string
  /** GPUs asked for at low and at high tide, those of running jobs included. */
  lowGpus: number
  highGpus: number
  /** From one high tide to the next, ms. */
  periodMs: number
  /** The kinds of job that users submit there. */
  kinds: readonly JobKind[]
  /** Shortest and longest run of a job, ms. */
  durationMs: readonly [number, number]
}

/** Who submits, and for which account. */
export const users = [
  { user: 'ada', account: 'vision' },
  { user: 'grace', account: 'language' },
  { user: 'linus', account: 'language' },
  { user: 'mary', account: 'biology' },
  { user: 'niels', account: 'physics' },
] as const

/** How jobs end; most of them well. */
const outcomes: readonly (readonly [number, Outcome])[] = [
  [0.8, 'COMPLETED'],
  [0.9, 'FAILED'],
  [0.94, 'OUT_OF_MEMORY'],
  [0.97, 'TIMEOUT'],
  [1, 'CANCELLED'],
]

/** @param random a number in [0, 1) */
export function outcomeOf(random: number): Outcome {
  return outcomes.find(([most]) => random < most)?.[1] ?? 'COMPLETED'
}

/** GPUs that the partition's users want to have at this time after the start, ms. */
export function wantedGpus(plan: WavePlan, elapsedMs: number): number {
  const tide = (1 - Math.cos((2 * Math.PI * elapsedMs) / plan.periodMs)) / 2
  return Math.round(plan.lowGpus + (plan.highGpus - plan.lowGpus) * tide)
}

/** Jobs that users submit now, so that what runs and waits is what they want to have. */
export function jobsToSubmit(
  plan: WavePlan,
  cluster: SimulatedCluster,
  elapsedMs: number,
  random: () => number,
): JobRequest[] {
  const pick = <T>(items: readonly T[]): T | undefined => items[Math.floor(random() * items.length)]
  let asked = 0
  for (const job of cluster.jobs.values()) {
    if (job.partition === plan.partition && !job.waiting) asked += job.nodeCount * job.gpusPerNode
  }
  const requests: JobRequest[] = []
  for (;;) {
    const kind = pick(plan.kinds)
    if (!kind) return requests
    asked += kind.nodeCount * kind.gpusPerNode
    if (asked > wantedGpus(plan, elapsedMs)) return requests
    const [shortest, longest] = plan.durationMs
    const durationMs = Math.round(shortest + (longest - shortest) * random())
    const outcome = outcomeOf(random())
    requests.push({
      ...kind,
      partition: plan.partition,
      ...(pick(users) ?? users[0]),
      durationMs,
      outcome,
      // It ends when its time is over.
      ...(outcome === 'TIMEOUT' && { timeLimitMs: durationMs }),
    })
  }
}
