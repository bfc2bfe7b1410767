import type { JobRequest, SimulatedCluster } from './cluster.ts'

/** How much work a partition gets, as it comes and goes. */
export interface WavePlan {
  partition: string
  /** GPUs asked for at low and at high tide, those of running jobs included. */
  lowGpus: number
  highGpus: number
  /** From one high tide to the next, ms. */
  periodMs: number
  /** The kinds of job that users submit there. */
  kinds: readonly { name: string; nodeCount: number; gpusPerNode: number }[]
  /** Shortest and longest run of a job, ms. */
  durationMs: readonly [number, number]
}

const users = ['ada', 'grace', 'linus', 'mary', 'niels']

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
    if (job.partition === plan.partition) asked += job.nodeCount * job.gpusPerNode
  }
  const requests: JobRequest[] = []
  for (;;) {
    const kind = pick(plan.kinds)
    if (!kind) return requests
    asked += kind.nodeCount * kind.gpusPerNode
    if (asked > wantedGpus(plan, elapsedMs)) return requests
    const [shortest, longest] = plan.durationMs
    requests.push({
      ...kind,
      partition: plan.partition,
      user: pick(users) ?? 'ada',
      durationMs: Math.round(shortest + (longest - shortest) * random()),
    })
  }
}
