import type { NodeRecord } from '@navarch/slurm/node-record'
import { isFuture } from '@navarch/slurm/node-state'
import { nodeStateWord } from '@navarch/slurm/node-state-word'

/** The states that nodes are counted in: each node is in one. `other` is a word that a newer Slurm invented. */
export const nodeStates = [
  'alloc',
  'comp',
  'down',
  'drain',
  'err',
  'fail',
  'idle',
  'inval',
  'maint',
  'mix',
  'planned',
  'reboot',
  'resv',
  'unknown',
  'other',
] as const
export type CountedState = (typeof nodeStates)[number]

const stateOfWord: Readonly<Record<string, CountedState>> = {
  allocated: 'alloc',
  completing: 'comp',
  down: 'down',
  drained: 'drain',
  draining: 'drain',
  error: 'err',
  fail: 'fail',
  failing: 'fail',
  idle: 'idle',
  inval: 'inval',
  maint: 'maint',
  mixed: 'mix',
  planned: 'planned',
  reboot: 'reboot',
  reserved: 'resv',
  unknown: 'unknown',
}

/** CPUs of a node or of several. `other` are those that are not in use and cannot be used: their node is drained or down. */
export interface CpuCounts {
  alloc: number
  idle: number
  other: number
  total: number
}

/** A node as it is counted. */
export interface CountedNode {
  record: NodeRecord
  /** As `sinfo -O StateLong` shows it: "mixed", "idle*". */
  word: string
  state: CountedState
  cpus: CpuCounts
  /** GPUs, in the same terms; undefined where Slurm does not say how many are in use. */
  gpus: CpuCounts | undefined
}

/** The nodes that there are. FUTURE names are none: no host has claimed them, and sinfo does not show them either. */
export function countedNodes(nodes: readonly NodeRecord[]): CountedNode[] {
  return nodes.flatMap((record) => {
    if (isFuture(record.state)) return []
    const word = nodeStateWord(record.state)
    // sinfo's own rule for CPUs that are not in use (_update_sinfo of src/sinfo/sinfo.c).
    const usable = !record.state.flags.includes('DRAIN') && record.state.base !== 'DOWN'
    return [
      {
        record,
        word,
        state: stateOfWord[word.replace(/[^a-z]+$/, '')] ?? 'other',
        cpus: split(record.cpus, record.cpusAllocated, usable),
        gpus: record.gpusAllocated === undefined ? undefined : split(record.gpus, record.gpusAllocated, usable),
      },
    ]
  })
}

function split(total: number, alloc: number, usable: boolean): CpuCounts {
  const free = total - alloc
  return { alloc, idle: usable ? free : 0, other: usable ? 0 : free, total }
}

/** Sums of several nodes. */
export function addCounts(counts: Iterable<CpuCounts>): CpuCounts {
  const sum = { alloc: 0, idle: 0, other: 0, total: 0 }
  for (const one of counts) {
    sum.alloc += one.alloc
    sum.idle += one.idle
    sum.other += one.other
    sum.total += one.total
  }
  return sum
}

/** Sums of the nodes' GPUs; undefined where of one of them it is not known how many are in use. */
export function addGpus(nodes: readonly CountedNode[]): CpuCounts | undefined {
  const known = nodes.flatMap(({ gpus }) => (gpus ? [gpus] : []))
  return known.length === nodes.length ? addCounts(known) : undefined
}
