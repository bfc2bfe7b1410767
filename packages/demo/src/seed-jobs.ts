import { addReading } from '@navarch/core/job/add-reading'
import type { JobEvent, JobGpu } from '@navarch/core/job/job-event'
import type { NodeUsage } from '@navarch/core/job/node-usage'
import { type JobReading, sampleOf } from '@navarch/core/job/reading'
import type { JobSample } from '@navarch/core/job/sample-columns'
import { compressHosts } from '@navarch/slurm/hostlist'
import { gpuLoad, hostLoad } from './load.ts'
import { type PastFault, type SeededPool, seededUuid } from './seed-day.ts'
import { cpusPerGpu, type LoadKind, memoryMbPerGpu, type Outcome } from './simulated-slurm/cluster.ts'
import { outcomeOf, users } from './simulated-slurm/workload.ts'

const minuteMs = 60_000

/** A job that ran before the demo began. */
export interface PastJob {
  id: number
  name: string
  user: string
  account: string
  partition: string
  nodes: readonly string[]
  gpusPerNode: number
  load: LoadKind
  outcome: Outcome | 'NODE_FAIL'
  start: number
  end: number
}

const kinds: Record<
  string,
  readonly { name: string; nodes: number; gpus: number; load: LoadKind; minutes: readonly [number, number] }[]
> = {
  train: [
    { name: 'pretrain', nodes: 4, gpus: 8, load: 'training', minutes: [90, 300] },
    { name: 'finetune', nodes: 2, gpus: 8, load: 'training', minutes: [30, 120] },
    { name: 'eval', nodes: 1, gpus: 8, load: 'inference', minutes: [8, 40] },
    { name: 'sweep', nodes: 1, gpus: 8, load: 'sweep', minutes: [15, 60] },
  ],
  dev: [
    { name: 'notebook', nodes: 1, gpus: 1, load: 'interactive', minutes: [20, 240] },
    { name: 'jupyter', nodes: 1, gpus: 1, load: 'idle', minutes: [60, 400] },
    { name: 'profile', nodes: 1, gpus: 4, load: 'leaking', minutes: [5, 30] },
  ],
}

/** The jobs of a day, oldest first; those that a fault ended among them. @param firstId of the first one */
export function pastJobs(
  pools: readonly SeededPool[],
  faults: readonly PastFault[],
  { now, firstId, count, random }: { now: number; firstId: number; count: number; random: () => number },
): PastJob[] {
  const pick = <T>(items: readonly T[]): T | undefined => items[Math.floor(random() * items.length)]
  const killers = faults.filter(({ kind, pool }) => kind.xid === 79 && pool === 'train')
  const jobs: Omit<PastJob, 'id'>[] = []
  for (let number = 0; number < count; number++) {
    const fault = killers[number]
    const pool = fault ? pools.find(({ name }) => name === fault.pool) : (pools[number % 3 === 2 ? 1 : 0] ?? pools[0])
    const kind = pool && pick(kinds[pool.name] ?? [])
    const who = pick(users)
    if (!pool || !kind || !who) continue
    const [least, most] = kind.minutes
    const durationMs = Math.round((least + (most - least) * random() ** 2) * minuteMs)
    const end = fault ? fault.at + 4_000 : Math.round(now - minuteMs - random() * 23 * 60 * minuteMs)
    const nodes = fault ? [fault.node] : pickNodes(pool, kind.nodes, random)
    jobs.push({
      ...{ name: kind.name, ...who, partition: pool.name, nodes, gpusPerNode: kind.gpus, load: kind.load },
      ...{
        outcome: fault ? 'NODE_FAIL' : outcomeOf(random()),
        start: end - durationMs,
        end,
      },
    })
  }
  return jobs.sort((a, b) => a.start - b.start).map((job, index) => ({ ...job, id: firstId + index }))
}

function pickNodes(pool: SeededPool, count: number, random: () => number): string[] {
  const first = Math.floor(random() * Math.max(1, pool.nodes.length - count))
  return pool.nodes.slice(first, first + count)
}

const exits: Record<PastJob['outcome'], { status: number; signal: number }> = {
  COMPLETED: { status: 0, signal: 0 },
  FAILED: { status: 1, signal: 0 },
  TIMEOUT: { status: 0, signal: 15 },
  OUT_OF_MEMORY: { status: 0, signal: 125 },
  CANCELLED: { status: 0, signal: 15 },
  NODE_FAIL: { status: 0, signal: 0 },
}

/** Points of one job's curves. */
const readingsPerJob = 40

/** What hooks, agents and Slurm would have said of the job, and its readings by node. */
export function traceOfJob(
  job: PastJob,
  random: () => number,
): { events: JobEvent[]; samples: Map<string, JobSample[]> } {
  const ref = { cluster: 'demo', jobId: String(job.id), restart: 0 }
  const envelope = (at: number) => ({
    job: ref,
    at,
    receivedAt: at + 50,
    origin: { changedBy: 'demo', source: 'demo', correlationId: `demo-day-${job.id}` },
  })
  const about = {
    user: job.user,
    nodes: job.nodes,
    name: job.name,
    account: job.account,
    partition: job.partition,
    qos: 'normal',
  }
  const cpus = job.gpusPerNode * cpusPerGpu
  const memoryMb = job.gpusPerNode * memoryMbPerGpu
  const samples = new Map<string, JobSample[]>()
  const events: JobEvent[] = []
  for (const node of job.nodes) {
    const gpus = Array.from(
      { length: job.gpusPerNode },
      (_, index): JobGpu => ({
        ...{ uuid: seededUuid(node, index), vendor: 'nvidia', index, model: 'NVIDIA H100 80GB HBM3' },
        memoryTotalBytes: 81_559 * 1_048_576,
      }),
    )
    const { usage, points } = measure(job, gpus, random)
    samples.set(node, points)
    events.push({
      kind: 'started',
      ...envelope(job.start),
      node,
      ...about,
      cpus,
      memoryMb,
      gpuCount: gpus.length,
      gpuVendor: 'nvidia',
      gpus,
    })
    events.push({
      kind: 'finished',
      ...envelope(job.end),
      node,
      // An epilog does not run where the node is lost.
      ...(job.outcome !== 'NODE_FAIL' && { exit: exits[job.outcome] }),
      ...(usage && { usage }),
    })
  }
  const asked = {
    cpus: cpus * job.nodes.length,
    memoryMb: memoryMb * job.nodes.length,
    gpus: job.gpusPerNode * job.nodes.length,
    nodes: job.nodes.length,
  }
  const minutes = Math.ceil((job.end - job.start) / minuteMs)
  events.push({
    kind: 'recorded',
    ...envelope(job.end + 1000),
    record: {
      ...{ state: job.outcome, from: 'squeue', exit: exits[job.outcome], user: job.user, name: job.name },
      ...{
        account: job.account,
        partition: job.partition,
        qos: 'normal',
        nodes: compressHosts(job.nodes),
        priority: 1000,
      },
      ...{ submitTime: job.start - Math.round(1000 + 400_000 * random()), startTime: job.start, endTime: job.end },
      ...{
        timeLimitMinutes: job.outcome === 'TIMEOUT' ? minutes : minutes * 2 + 30,
        requested: asked,
        allocated: asked,
      },
    },
  })
  return { events, samples }
}

/** What an agent would have read, through the code with which it adds it up. */
export function measure(
  job: Pick<PastJob, 'gpusPerNode' | 'load' | 'outcome' | 'start' | 'end'>,
  gpus: readonly JobGpu[],
  random: () => number,
): { usage: NodeUsage | undefined; points: JobSample[] } {
  const durationMs = job.end - job.start
  const limit = job.gpusPerNode * memoryMbPerGpu * 1_048_576
  const cpus = job.gpusPerNode * cpusPerGpu
  const outcome = job.outcome === 'NODE_FAIL' ? 'FAILED' : job.outcome
  const points: JobSample[] = []
  let usage: NodeUsage | undefined
  for (let number = 1; number <= readingsPerJob; number++) {
    const elapsedMs = Math.round((durationMs * number) / readingsPerJob)
    const used = hostLoad({ load: job.load, outcome, durationMs }, elapsedMs, { cpus, memoryBytes: limit })
    const { oomKills, ...host } = used
    const reading: JobReading = {
      at: job.start + elapsedMs,
      source: 'cgroup-v2',
      host: {
        ...host,
        oomKills,
        cpus,
        memoryLimitBytes: limit,
        memoryTotalBytes: Math.min(limit, Math.round(host.memoryBytes * 1.2)),
        processes: 3 + gpus.length,
      },
      gpus: gpus.map((gpu) => {
        // The patterns of a minute, spread over the hours that these jobs ran.
        const load = gpuLoad(job.load, 20_000 + elapsedMs / 60, (gpu.index ?? 0) / 8, random())
        return {
          ...{ uuid: gpu.uuid, vendor: gpu.vendor, index: gpu.index ?? 0 },
          utilizationPercent: Math.min(100, Math.max(0, load.utilizationPercent)),
          memoryBytes: Math.round(load.memory * 81_559) * 1_048_576,
          memoryTotalBytes: 81_559 * 1_048_576,
          powerWatts: Math.round(105 + 5.3 * load.utilizationPercent),
          temperatureCelsius: Math.round(33 + 0.33 * load.utilizationPercent),
          smClockMhz: 1980,
        }
      }),
    }
    usage = addReading(usage, reading)
    points.push(sampleOf(reading, usage))
  }
  return { usage, points }
}
