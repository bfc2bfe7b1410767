import type { TimelinePoint } from '@navarch/control-plane/store/store'
import { counted } from '@navarch/core/count-words'
import type { PastEvent, PastFault, SeededPool } from './seed-day.ts'

const minuteMs = 60_000
const dayMs = 24 * 60 * minuteMs

/** The pools' sizes as they followed the day, and what was decided. */
function pastSizes(pool: SeededPool, now: number): { at: number; nodes: number }[] {
  const sizes: { at: number; nodes: number }[] = []
  for (let at = now - dayMs; at <= now; at += 10 * minuteMs) {
    const nodes = Math.round(pool.minNodes + (pool.maxNodes - pool.minNodes) * Math.max(0, dayWave(at) - 0.45))
    if (sizes.at(-1)?.nodes !== nodes) sizes.push({ at, nodes })
  }
  return sizes
}

/** How busy people are, 0 to 1: little at night, most in the afternoon (UTC). */
function dayWave(at: number): number {
  const hour = (at % dayMs) / 3_600_000
  return 0.5 - 0.5 * Math.cos((2 * Math.PI * (hour - 3)) / 24)
}

/** The events of a pool's sizes. */
export function sizeEvents(pool: SeededPool, now: number): PastEvent[] {
  const sizes = pastSizes(pool, now)
  return sizes.slice(1).map(({ at, nodes }, index) => {
    const before = sizes[index]?.nodes ?? nodes
    const message =
      nodes > before
        ? `scaling up from ${before} to ${nodes}: ${nodes - before + 1} pending jobs need ${counted(nodes - before, 'new node')}`
        : `scaling down from ${before} to ${nodes}: nodes are idle and no job waits`
    return { at, type: 'pool-size', message, pool: pool.name }
  })
}

/** The fleet's and the pools' figures, minute by minute. */
export function pastTimeline(
  pools: readonly SeededPool[],
  faults: readonly PastFault[],
  now: number,
  random: () => number,
): (TimelinePoint & { scope: string })[] {
  const points: (TimelinePoint & { scope: string })[] = []
  const end = Math.floor(now / minuteMs) * minuteMs
  const sizes = new Map(pools.map((pool) => [pool.name, pastSizes(pool, now)]))
  for (let at = end - dayMs; at < end; at += minuteMs) {
    let gpus = 0
    let broken = 0
    let busyGpus = 0
    for (const pool of pools) {
      const size = sizes.get(pool.name)?.findLast((each) => each.at <= at)?.nodes ?? pool.minNodes
      const out = faults.filter((fault) => fault.pool === pool.name && fault.at <= at && fault.backAt > at).length
      const load = Math.min(1, 0.35 + 0.6 * dayWave(at) + 0.08 * Math.sin(at / 2_300_000) + 0.05 * random())
      const busy = Math.round((size - out) * load)
      const pending = Math.round(Math.max(0, dayWave(at) - 0.6) * 40 * random())
      gpus += 8 * size
      broken += 8 * out
      busyGpus += Math.min(8 * (size - out), Math.round(8 * (size - out) * load))
      const values = {
        wanted: size,
        ready: size - out,
        busy,
        provisioning: 0,
        min: pool.minNodes,
        max: pool.maxNodes,
        pending_jobs: pending,
      }
      points.push({ scope: `pool/${pool.name}`, at, spanMs: minuteMs, values })
    }
    const values = {
      gpus_busy: busyGpus,
      gpus_idle: gpus - broken - busyGpus,
      gpus_broken: broken,
      gpus_coming: 0,
      jobs_pending: Math.round(8 + Math.max(0, dayWave(at) - 0.5) * 60 * (0.7 + 0.3 * random())),
      jobs_running: Math.round(busyGpus / 4.6),
      gpu_percent: Math.round((82 * busyGpus) / Math.max(1, gpus) + 4 * random()),
    }
    points.push({ scope: 'fleet', at, spanMs: minuteMs, values })
  }
  return points
}
