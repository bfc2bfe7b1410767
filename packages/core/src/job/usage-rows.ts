import { cpuSecondsOf, idleSecondsOf, usageByNode, wallMs, weightedMean } from './efficiency.ts'
import { energyOf, type NodeUsage } from './node-usage.ts'
import type { JobView } from './view-job.ts'

/** A run with what its agents counted so far; see `ReportInput`. */
export interface RunUsage {
  view: JobView
  usage: Readonly<Record<string, NodeUsage>>
}

export type UsageKey = 'user' | 'account' | 'partition'

/** What the runs of one user, account or partition had and used in a window. Hours are of CPUs and GPUs. */
export interface UsageRow {
  /** "" where it is not known. */
  name: string
  jobs: number
  jobsFailed: number
  /** Allocated. A run of which it is not known how much it had adds nothing. */
  cpuHours: number
  /** Null where no run was measured, else the sum over those that were: to be compared with `cpuHoursMeasured`. */
  cpuHoursUsed: number | null
  /** Of `cpuHours`, those of measured runs. */
  cpuHoursMeasured: number
  gpuHours: number
  /** Weighted by utilization. */
  gpuHoursUsed: number | null
  gpuHoursMeasured: number
  /** At 0 %: GPUs that never worked, and those that stopped for good. */
  gpuHoursIdle: number | null
  energyKwh: number | null
}

/**
 * Sums up runs over a window, the most GPU hours first, then the most CPU hours. A run that reaches beyond the window counts by
 * its share in it, as if it had used its CPUs and GPUs evenly.
 * @param window ms since the epoch, `to` not included; a run that still runs reaches until `now`
 */
export function usageRows(
  runs: readonly RunUsage[],
  by: UsageKey,
  window: { from: number; to: number },
  now: number,
): UsageRow[] {
  const rows = new Map<string, UsageRow>()
  for (const run of runs) {
    const hours = hoursWithin(run.view, window, now)
    if (hours === undefined) continue
    const name = run.view[by] ?? ''
    rows.set(name, addRun(rows.get(name) ?? emptyRow(name), run, hours))
  }
  return [...rows.values()].sort(
    (a, b) => b.gpuHours - a.gpuHours || b.cpuHours - a.cpuHours || (a.name < b.name ? -1 : 1),
  )
}

function emptyRow(name: string): UsageRow {
  return {
    name,
    jobs: 0,
    jobsFailed: 0,
    cpuHours: 0,
    cpuHoursUsed: null,
    cpuHoursMeasured: 0,
    gpuHours: 0,
    gpuHoursUsed: null,
    gpuHoursMeasured: 0,
    gpuHoursIdle: null,
    energyKwh: null,
  }
}

/** Hours of a run in the window, and which share of the run they are; undefined when it was not running in it. */
function hoursWithin(
  view: JobView,
  { from, to }: { from: number; to: number },
  now: number,
): { inside: number; share: number } | undefined {
  const wall = wallMs(view, now)
  if (view.startTime === undefined || wall === undefined) return undefined
  const end = view.startTime + wall
  const inside = Math.min(end, to) - Math.max(view.startTime, from)
  // A run of no length counts as a job, in the window that has its moment.
  if (wall === 0) return view.startTime >= from && view.startTime < to ? { inside: 0, share: 1 } : undefined
  return inside <= 0 ? undefined : { inside: inside / 3_600_000, share: inside / wall }
}

function addRun(row: UsageRow, run: RunUsage, { inside, share }: { inside: number; share: number }): UsageRow {
  const { view } = run
  const usage = usageByNode(run)
  const gpus = Object.values(usage).flatMap((figures) => figures.gpus)
  const cpuHours = (view.allocated.cpus ?? 0) * inside
  const gpuHours = (view.allocated.gpus ?? (view.gpus.length || gpus.length)) * inside
  const cpuSeconds = cpuSecondsOf(view, usage)
  const mean = weightedMean(gpus)
  // Utilization of some of its GPUs says nothing of the others.
  const measured = gpus.filter(({ utilizationMean }) => utilizationMean !== undefined).length * inside
  const idle = gpus.flatMap((gpu) => idleSecondsOf(gpu) ?? [])
  const joules = gpus.flatMap((gpu) => energyOf(gpu) ?? [])
  return {
    name: row.name,
    jobs: row.jobs + 1,
    jobsFailed: row.jobsFailed + (view.state === 'failed' ? 1 : 0),
    cpuHours: row.cpuHours + cpuHours,
    cpuHoursUsed: add(row.cpuHoursUsed, cpuSeconds === undefined ? undefined : (cpuSeconds / 3600) * share),
    cpuHoursMeasured: row.cpuHoursMeasured + (cpuSeconds === undefined ? 0 : cpuHours),
    gpuHours: row.gpuHours + gpuHours,
    gpuHoursUsed: add(row.gpuHoursUsed, mean === undefined ? undefined : (mean / 100) * measured),
    gpuHoursMeasured: row.gpuHoursMeasured + measured,
    gpuHoursIdle: add(row.gpuHoursIdle, idle.length === 0 ? undefined : (total(idle) / 3600) * share),
    energyKwh: add(row.energyKwh, joules.length === 0 ? undefined : (total(joules) / 3_600_000) * share),
  }
}

function add(sum: number | null, value: number | undefined): number | null {
  return value === undefined ? sum : (sum ?? 0) + value
}

function total(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0)
}
