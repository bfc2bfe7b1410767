import { formatTimeLimit } from '@navarch/slurm/duration'
import { idleSecondsOf, wallMs } from './efficiency.ts'
import type { Case } from './job-case.ts'
import type { Efficiency, GpuReport, NodeReport, Note } from './job-report.ts'
import { nearLimit } from './out-of-memory.ts'
import { bytesText, countText, nodesText, spanText } from './phrases.ts'
import { waitingWords } from './waiting.ts'

/** Figures of a shorter run are those of its start. */
const shortMs = 60_000
/** Below this share of its CPUs a job wastes more than start and end explain. jobstats warns at 60 % on average too. */
const cpuLowPercent = 50
/** GPU jobs ask for CPUs to load data: those may be idle at times. */
const cpuLowPercentWithGpus = 15
/** Half a GPU is worth a word, a seventh is nearly nothing. */
const gpuLowPercent = 50
const gpuVeryLowPercent = 15
/** GPUs that have stopped for so long are not between two batches. */
const gpuIdleMs = 10 * 60_000
/** Memory is in short supply on a node when others could use it: half of it, and more than a little. */
const memoryLowPercent = 50
const memoryWorthBytes = 4 * 2 ** 30
/** Room that a next run may need above the highest use. */
const memoryRoom = 1.2
/** What was killed would have grown on: nobody knows how far. */
const memoryAfterKill = 1.5
/** A limit four times the run keeps the backfill scheduler from fitting it in earlier. */
const timeLowShare = 0.25
const timeWorthMs = 3_600_000
const timeRoom = 1.5
const timeNearShare = 0.9
/** PSI `some`: more than a fifth of the time at least one task waited. */
const ioStallPercent = 20
const memoryStallPercent = 10
/** A GPU that heat or power slowed for less loses nothing that anybody sees. */
const throttledPercent = 5
const throttledSeconds = 60
/** CPUs that are never free while GPUs wait for them. */
const cpuFullPercent = 90
/** A node that does so little beside one that works has no part of the work. */
const nodeIdlePercent = 2
const nodeBusyPercent = 20

/**
 * What to do better, in plain sentences that name the option of sbatch. A short run gets only what is certain: memory that ran
 * out, and what could not be measured.
 */
export function notesOf(judged: Case, efficiency: Efficiency, nodes: readonly NodeReport[]): Note[] {
  const { view, input } = judged
  if (view.state === 'pending') return toStart(judged)
  const certain = [...memoryRanOut(judged), ...unmeasured(judged, nodes), ...partsOfGpus(judged)]
  if ((wallMs(view, input.now) ?? 0) < shortMs) return certain
  return [
    ...certain,
    ...gpuNotes(judged, efficiency, nodes),
    ...cpuNotes(judged, efficiency, nodes),
    ...idleNodes(nodes),
    ...memoryNotes(judged, nodes),
    ...waiting(judged, nodes),
    ...timeNotes(judged),
  ]
}

/** What would make a job start that waits. */
function toStart({ view, input }: Case): Note[] {
  const words = waitingWords(view, input.now)
  if (!words) return []
  return [{ severity: words.kind === 'held' || words.kind === 'stuck' ? 'warning' : 'info', text: words.remedy }]
}

function memoryRanOut({ oom }: Case): Note[] {
  if (!oom) return []
  const flag = oom.limitBytes === undefined ? '--mem' : memoryFlag(oom.limitBytes * memoryAfterKill)
  return [{ severity: 'warning', text: `Memory ran out${oom.node ? ` on ${oom.node}` : ''}: ask for more.`, flag }]
}

function unmeasured({ view, usage }: Case, nodes: readonly NodeReport[]): Note[] {
  const without = nodes.filter(({ source }) => source === 'none').map(({ node }) => node)
  if (without.length === 0) return []
  const silent = without.every((node) => usage[node] === undefined)
  const why = silent
    ? 'no agent saw a process of the job there'
    : 'the agent found neither a cgroup nor processes of the job before it ended'
  const all = without.length === nodes.length
  const instead = !all
    ? `the figures are those of ${countText(nodes.length - without.length, 'node')} of ${nodes.length}`
    : view.accounted
      ? "the figures are accounting's"
      : 'what the job used is not known'
  return [{ severity: 'info', text: `Nothing could be measured on ${nodesText(without)}: ${why}; ${instead}.` }]
}

/** Use of a part of a GPU is not known, which must not look like a GPU that did nothing. */
function partsOfGpus({ usage }: Case): Note[] {
  const parts = Object.values(usage)
    .flatMap(({ gpus }) => gpus)
    .filter(({ uuid, utilizationMax }) => uuid.startsWith('MIG-') && utilizationMax === undefined)
  if (parts.length === 0) return []
  const text =
    parts.length === 1
      ? "The job had a part of a divided GPU (MIG): the driver tells its memory, and only DCGM's profiling how busy it was."
      : `The job had ${parts.length} parts of divided GPUs (MIG): the driver tells their memory, and only DCGM's profiling how busy they were.`
  return [{ severity: 'info', text }]
}

function gpuNotes({ usage, view }: Case, { gpu: mean, cpu }: Efficiency, nodes: readonly NodeReport[]): Note[] {
  const gpus = Object.entries(usage).flatMap(([node, figures]) => figures.gpus.map((gpu) => ({ node, ...gpu })))
  const unused = gpus.filter((gpu) => gpu.utilizationMax === 0 && (idleSecondsOf(gpu) ?? 0) * 1000 >= shortMs)
  const notes: Note[] = []
  if (unused.length > 0) {
    const all = unused.length === gpus.length
    const text = all
      ? `${gpus.length === 1 ? 'The GPU was' : `All ${gpus.length} GPUs were`} held and never used: ask for none, or make the program use them.`
      : `${unused.length} of ${gpus.length} GPUs were never used (${names(unused)}): ask for ${gpus.length - unused.length}.`
    notes.push({ severity: 'warning', text, flag: all ? '--gpus' : `--gpus=${gpus.length - unused.length}` })
  }
  const stopped = view.state === 'running' ? gpus.filter((gpu) => !unused.includes(gpu) && isStopped(gpu)) : []
  if (stopped.length > 0) {
    const shortest = Math.min(...stopped.map(({ idleSeconds = 0 }) => idleSeconds * 1000))
    notes.push({
      severity: 'warning',
      text: `${names(stopped)} did nothing for the last ${spanText(shortest)}: does it hang?`,
    })
  }
  const busyCpus = cpu !== undefined && cpu >= cpuFullPercent
  if (mean !== undefined && mean < gpuLowPercent && unused.length < gpus.length) {
    const why = busyCpus
      ? 'all CPUs were busy, so loading or preparing data is likely what they wait for: ask for more CPUs.'
      : isStalled(nodes)
        ? 'the job waits for files, so reading data is likely what they wait for.'
        : 'larger batches, more workers that load data, or fewer GPUs make better use of them.'
    notes.push({
      severity: mean < gpuVeryLowPercent ? 'warning' : 'info',
      text: `The GPUs worked ${Math.round(mean)} % of the time; ${why}`,
      ...(busyCpus ? { flag: '--cpus-per-task' } : isStalled(nodes) ? {} : { flag: '--gpus' }),
    })
  }
  return [...notes, ...throttled(gpus)]
}

type NamedGpu = Pick<GpuReport, 'uuid' | 'index'> & { node: string }

/** "GPU 0 and 3 of n1", "GPU 0 of n1 and GPU 1 of n2"; of many, how many. */
function names(gpus: readonly NamedGpu[]): string {
  return gpus.length > 3
    ? countText(gpus.length, 'GPU')
    : gpus.map(({ node, uuid, index }) => `${index === undefined ? uuid : `GPU ${index}`} of ${node}`).join(', ')
}

function isStopped({ utilizationMax, idleSeconds = 0 }: { utilizationMax?: number; idleSeconds?: number }): boolean {
  return utilizationMax !== undefined && idleSeconds * 1000 >= gpuIdleMs
}

function throttled(gpus: readonly (NamedGpu & { throttledSeconds?: number; utilizationSeconds?: number })[]): Note[] {
  const slowed = gpus.filter(
    ({ throttledSeconds: slow = 0, utilizationSeconds: time = 0 }) =>
      slow >= throttledSeconds && slow * 100 >= throttledPercent * time,
  )
  if (slowed.length === 0) return []
  const longest = Math.max(...slowed.map(({ throttledSeconds: slow = 0 }) => slow))
  const text = `Heat or power slowed ${names(slowed)}, for up to ${spanText(longest * 1000)}: that is not the job's doing; tell the operators.`
  return [{ severity: 'warning', text }]
}

function cpuNotes({ view }: Case, { cpu, gpuHours }: Efficiency, nodes: readonly NodeReport[]): Note[] {
  const cpus = view.allocated.cpus ?? nodes.reduce((total, node) => total + (node.cpus ?? 0), 0)
  if (cpu === undefined || cpus <= nodes.length) return []
  if (cpu >= (gpuHours === undefined ? cpuLowPercent : cpuLowPercentWithGpus)) return []
  const used = (cpu / 100) * cpus
  const enough = Math.max(nodes.length, Math.ceil(used * memoryRoom))
  const serial = nodes.length === 1 && used > 0.8 && used < 1.2
  const text = serial
    ? `One of ${cpus} CPUs was used: the program runs on one, or was not told to use more.`
    : `Of ${cpus} CPUs ${Number(used.toFixed(1))} were used on average: ask for fewer, or tell the program to use them.`
  const flag = nodes.length > 1 ? `--ntasks=${enough}` : `--cpus-per-task=${serial ? 1 : enough}`
  return [{ severity: gpuHours === undefined ? 'warning' : 'info', text, flag }]
}

function idleNodes(nodes: readonly NodeReport[]): Note[] {
  const busy = nodes.some((node) => activity(node) >= nodeBusyPercent)
  const idle = nodes.filter((node) => node.cpuPercent !== undefined && activity(node) < nodeIdlePercent)
  if (!busy || idle.length === 0) return []
  return [
    {
      severity: 'warning',
      text: `${nodesText(idle.map(({ node }) => node))} of ${nodes.length} nodes did next to nothing: the program may not run there.`,
      flag: `--nodes=${nodes.length - idle.length}`,
    },
  ]
}

/** The busiest part of a node, percent. */
function activity({ cpuPercent = 0, gpus }: NodeReport): number {
  return Math.max(cpuPercent, ...gpus.map(({ utilizationMean = 0 }) => utilizationMean))
}

function memoryNotes({ view, oom }: Case, nodes: readonly NodeReport[]): Note[] {
  if (oom) return []
  const known = nodes.flatMap(({ node, memoryMaxBytes: used, memoryLimitBytes: limit }) =>
    used === undefined || !limit ? [] : [{ node, used, limit }],
  )
  const [tightest] = [...known].sort((a, b) => b.used / b.limit - a.used / a.limit)
  // Nodes that are not known may have used more.
  if (!tightest || known.length < nodes.length) return []
  const { used, limit, node } = tightest
  const figures = `${bytesText(used)} of ${bytesText(limit)} of memory`
  if (used >= nearLimit * limit)
    return [
      {
        severity: 'warning',
        text: `At most ${figures} were used on ${node}: a little more and processes are killed.`,
        flag: memoryFlag(limit * memoryRoom),
      },
    ]
  // A running job may still need it.
  if (view.state === 'running' || used * 100 >= memoryLowPercent * limit || limit - used < memoryWorthBytes) return []
  return [
    {
      severity: 'info',
      text: `At most ${figures} were used on a node: with less the job may start earlier.`,
      flag: memoryFlag(used * memoryRoom),
    },
  ]
}

/** `--mem` is by node, in whole GiB. */
function memoryFlag(bytes: number): string {
  return `--mem=${Math.max(1, Math.ceil(bytes / 2 ** 30))}G`
}

function isStalled(nodes: readonly NodeReport[]): boolean {
  return nodes.some(({ ioStallPercent: stall = 0 }) => stall >= ioStallPercent)
}

function waiting({ oom }: Case, nodes: readonly NodeReport[]): Note[] {
  const notes: Note[] = []
  const files = Math.max(...nodes.map(({ ioStallPercent: stall = 0 }) => stall))
  if (files >= ioStallPercent)
    notes.push({
      severity: 'info',
      text: `In ${Math.round(files)} % of the time the job waited for files: fewer and larger reads, or a copy on the node's own disk, help.`,
    })
  const memory = Math.max(...nodes.map(({ memoryStallPercent: stall = 0 }) => stall))
  if (memory >= memoryStallPercent && !oom)
    notes.push({
      severity: 'warning',
      text: `In ${Math.round(memory)} % of the time the job waited for memory: ask for more.`,
      flag: '--mem',
    })
  return notes
}

function timeNotes({ view, input }: Case): Note[] {
  const wall = wallMs(view, input.now)
  if (view.timeLimitMinutes === undefined || wall === undefined) return []
  const limit = view.timeLimitMinutes * 60_000
  if (view.state === 'running')
    return wall < timeNearShare * limit
      ? []
      : [
          {
            severity: 'warning',
            text: `${spanText(Math.max(0, limit - wall))} are left of its time limit of ${spanText(limit)}.`,
          },
        ]
  if (view.state !== 'completed') return []
  if (wall >= timeNearShare * limit)
    return [
      {
        severity: 'info',
        text: `It took ${spanText(wall)} of its time limit of ${spanText(limit)}: a slower run would be ended.`,
        flag: `--time=${timeFlag(limit * timeRoom)}`,
      },
    ]
  if (limit < timeWorthMs || wall >= timeLowShare * limit) return []
  return [
    {
      severity: 'info',
      text: `It took ${spanText(wall)} of its time limit of ${spanText(limit)}: with a shorter limit it may start earlier.`,
      flag: `--time=${timeFlag(wall * timeRoom)}`,
    },
  ]
}

/** In whole quarters of an hour. */
function timeFlag(ms: number): string {
  return formatTimeLimit(Math.ceil(ms / 900_000) * 900_000)
}
