import { runKeyText } from '@navarch/core/job/identity'
import type { RunKey } from '@navarch/core/job/job-doc'
import type { NodeUsage } from '@navarch/core/job/node-usage'

/** What an agent last told of a job on its node. */
export interface LiveUsage {
  usage: NodeUsage
  /** When we heard it, ms since the epoch by our clock. */
  heardAt: number
  /** CPUs in use between its last two readings; undefined before there were two. */
  cpusInUse?: number
}

/** The running jobs' figures, in memory: the agents send them again with each reading. */
export interface LiveUsages {
  /** Keeps the usage when it is newer than what is known. */
  record(run: RunKey, node: string, usage: NodeUsage, heardAt: number): void
  /** By node; empty when nothing was heard of the run. */
  of(run: RunKey): ReadonlyMap<string, LiveUsage>
  /** Of a run that is over: its last figures came with its end. */
  forget(run: RunKey): void
  /** Drops what was not heard of since `before`, ms. */
  prune(before: number): void
}

const none: ReadonlyMap<string, LiveUsage> = new Map()

export function createLiveUsages(): LiveUsages {
  const runs = new Map<string, Map<string, LiveUsage>>()
  return {
    record(run, node, usage, heardAt) {
      const key = runKeyText(run)
      let nodes = runs.get(key)
      if (!nodes) {
        nodes = new Map()
        runs.set(key, nodes)
      }
      const before = nodes.get(node)
      if (before && before.usage.until >= usage.until) return
      const cpusInUse = before && rate(before.usage, usage)
      nodes.set(node, { usage, heardAt, ...(cpusInUse !== undefined && { cpusInUse }) })
    },
    of: (run) => runs.get(runKeyText(run)) ?? none,
    forget(run) {
      if (runs.size > 0) runs.delete(runKeyText(run))
    },
    prune(before) {
      for (const [key, nodes] of runs) {
        for (const [node, { heardAt }] of nodes) if (heardAt < before) nodes.delete(node)
        if (nodes.size === 0) runs.delete(key)
      }
    },
  }
}

function rate(before: NodeUsage, after: NodeUsage): number | undefined {
  if (before.cpuSeconds === undefined || after.cpuSeconds === undefined) return undefined
  const seconds = (after.until - before.until) / 1000
  return seconds > 0 ? Math.max(0, after.cpuSeconds - before.cpuSeconds) / seconds : undefined
}
