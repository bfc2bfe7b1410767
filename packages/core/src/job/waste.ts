import { usageByNode } from './efficiency.ts'
import type { GpuUsage } from './node-usage.ts'
import { bytesText, spanText } from './phrases.ts'
import type { RunUsage } from './usage-rows.ts'
import type { JobView } from './view-job.ts'

/** GPUs that a running job holds and does not use. */
export interface Waste {
  view: JobView
  gpusHeld: number
  gpusIdle: number
  /** Since when the first of them has been idle, ms. */
  idleSince: number
  /** Of all of them, up to their last readings. */
  idleGpuHours: number
  /** Nodes with idle GPUs. */
  nodes: readonly string[]
  /** e.g. "0 % for 42 min, and no memory in use: no process of the job uses them". */
  reason: string
}

/** Shorter breaks are those between epochs, checkpoints and evaluations. */
const idleAfterMs = 10 * 60_000
/** Nobody knows what a GPU does of which nobody has heard for longer. */
const staleAfterMs = 5 * 60_000
/** A process that has opened a GPU holds a context of 300 MB and more; drivers show a few MB without any. */
const contextBytes = 64 * 2 ** 20

/** Running jobs with idle GPUs, the most idle GPU hours first. What is not known, or not heard of any more, is not idle. */
export function wasteOf(runs: readonly RunUsage[], now: number, idleMs = idleAfterMs): Waste[] {
  return runs
    .flatMap((run) => wasteOfRun(run, now, idleMs) ?? [])
    .sort((a, b) => b.idleGpuHours - a.idleGpuHours || (a.view.runId < b.view.runId ? -1 : 1))
}

function wasteOfRun(run: RunUsage, now: number, idleMs: number): Waste | undefined {
  const { view } = run
  if (view.state !== 'running') return undefined
  const gpus = Object.entries(usageByNode(run)).flatMap(([node, { gpus, until }]) =>
    gpus.map((gpu) => ({ node, seenAt: gpu.last?.at ?? until, ...gpu })),
  )
  const idle = gpus.filter(
    ({ seenAt, utilization, idleSeconds = 0 }) =>
      now - seenAt <= staleAfterMs && utilization === 0 && idleSeconds * 1000 >= idleMs,
  )
  if (idle.length === 0) return undefined
  const gpusHeld = Math.max(view.allocated.gpus ?? view.gpus.length, gpus.length)
  return {
    view,
    gpusHeld,
    gpusIdle: idle.length,
    idleSince: Math.min(...idle.map(({ seenAt, idleSeconds = 0 }) => seenAt - idleSeconds * 1000)),
    idleGpuHours: idle.reduce((total, { idleSeconds = 0 }) => total + idleSeconds, 0) / 3600,
    nodes: [...new Set(idle.map(({ node }) => node))],
    reason: reasonOf(idle, gpusHeld),
  }
}

function reasonOf(idle: readonly GpuUsage[], held: number): string {
  const shortest = Math.min(...idle.map(({ idleSeconds = 0 }) => idleSeconds * 1000))
  const some = idle.length < held ? `${idle.length} of ${held} GPUs: ` : ''
  const time = `${some}0 % for ${spanText(shortest)}`
  const memory = idle.flatMap(({ memoryBytes }) => memoryBytes ?? [])
  if (memory.length < idle.length) return time
  const most = Math.max(...memory)
  return most < contextBytes
    ? `${time}, and no memory in use: no process of the job uses them`
    : `${time}, with ${bytesText(most)} of memory held`
}
