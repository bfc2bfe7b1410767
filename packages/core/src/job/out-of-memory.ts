import { withoutUndefined } from '@navarch/slurm/fields'
import type { NodeUsage } from './node-usage.ts'
import { bytesText, countText } from './phrases.ts'
import type { JobView } from './view-job.ts'

/** What is known of memory that ran out. */
export interface OutOfMemory {
  /** Whether Slurm said so, by its word or its mark in the exit status. */
  said: boolean
  /** Processes that the kernel killed, on all nodes; undefined where nobody counted. */
  kills?: number
  /** Where it was, or was tightest. */
  node?: string
  usedBytes?: number
  limitBytes?: number
}

/** Whether memory ran out in a run, by Slurm's word or by the kernel's count; undefined: nothing says so. */
export function outOfMemory(view: JobView, usage: Readonly<Record<string, NodeUsage>>): OutOfMemory | undefined {
  const said = view.rawState === 'OUT_OF_MEMORY' || (view.exit?.signal === 125 && view.exit.status === 0)
  const nodes = Object.entries(usage).map(([node, figures]) => ({ node, figures, ...memoryAt(figures, view) }))
  const counted = nodes.flatMap(({ figures }) => (figures.oomKills === undefined ? [] : [figures.oomKills]))
  const kills = counted.length === 0 ? undefined : counted.reduce((total, count) => total + count, 0)
  if (!said && !kills) return undefined
  const struck = nodes.filter(({ figures }) => (figures.oomKills ?? 0) > 0)
  const [worst] = [...(struck.length > 0 ? struck : nodes)].sort((a, b) => b.share - a.share)
  return withoutUndefined<OutOfMemory>({
    said,
    kills,
    node: worst?.node,
    usedBytes: worst?.usedBytes ?? view.accounted?.maxRssBytes,
    limitBytes: worst?.limitBytes,
  })
}

/** "8 GiB of 8 GiB used, 1 process killed"; "" where nothing is known. */
export function memoryText({ usedBytes, limitBytes, kills }: OutOfMemory): string {
  const used = usedBytes === undefined ? [] : [`${bytesText(usedBytes)}${limitText(limitBytes)} used`]
  const killed = kills ? [`${countText(kills, 'process', 'processes')} killed`] : []
  return [...used, ...killed].join(', ')
}

/** A node where the working set came this near to its limit, as a share: there memory was short, whoever killed. */
export const nearLimit = 0.95

/** Nodes whose working set was near the limit. */
export function tightNodes(view: JobView, usage: Readonly<Record<string, NodeUsage>>): string[] {
  return Object.entries(usage).flatMap(([node, figures]) => {
    const { limitBytes } = memoryAt(figures, view)
    const { memoryMaxBytes } = figures
    return memoryMaxBytes !== undefined && limitBytes !== undefined && memoryMaxBytes >= nearLimit * limitBytes
      ? [node]
      : []
  })
}

function limitText(limitBytes: number | undefined): string {
  return limitBytes === undefined ? '' : ` of ${bytesText(limitBytes)}`
}

/** The kernel's peak counts too: what is killed grew faster than anybody reads. */
function memoryAt(
  { memoryMaxBytes, memoryPeakBytes, memoryLimitBytes }: NodeUsage,
  view: JobView,
): { usedBytes?: number; limitBytes?: number; share: number } {
  const known = [memoryMaxBytes, memoryPeakBytes].filter((value) => value !== undefined)
  const usedBytes = known.length === 0 ? undefined : Math.max(...known)
  const ofJob =
    view.nodes.length === 1 && view.allocated.memoryMb !== undefined ? view.allocated.memoryMb * 2 ** 20 : undefined
  const limitBytes = memoryLimitBytes ?? ofJob
  return {
    ...(usedBytes !== undefined && { usedBytes }),
    ...(limitBytes !== undefined && { limitBytes }),
    share: usedBytes === undefined || !limitBytes ? 0 : usedBytes / limitBytes,
  }
}
