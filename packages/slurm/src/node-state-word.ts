import { hasFlag, isBusy, type NodeFlag, type NodeState } from './node-state.ts'

/** The sign at the end of a word, for the first flag that the node has. */
const signs: readonly (readonly [NodeFlag, string])[] = [
  ['MAINTENANCE', '$'],
  ['REBOOT_ISSUED', '^'],
  ['REBOOT_REQUESTED', '@'],
  ['POWERING_UP', '#'],
  ['POWERING_DOWN', '%'],
  ['POWERED_DOWN', '~'],
  ['POWER_DOWN', '!'],
  ['NOT_RESPONDING', '*'],
]

/**
 * The one word that `sinfo -O StateLong` shows for a state, with its sign: "idle", "mixed-", "drained*", "idle~".
 * Source: node_state_string of src/common/slurm_protocol_defs.c, 22.05 to 26.05.
 */
export function nodeStateWord(state: NodeState): string {
  const has = (flag: NodeFlag) => hasFlag(state, flag)
  const running = state.base === 'ALLOCATED' || state.base === 'MIXED'
  const silent = has('NOT_RESPONDING') ? '*' : ''
  if (has('INVALID_REG')) return 'inval'
  if (has('MAINTENANCE') && !has('DRAIN') && !running && state.base !== 'DOWN') return `maint${silent}`
  if (!running && has('REBOOT_ISSUED')) return 'reboot^'
  if (!running && has('REBOOT_REQUESTED')) return `reboot${silent}`
  const sign = signs.find(([flag]) => has(flag))?.[1] ?? ''
  if (has('DRAIN')) return `${isBusy(state) ? 'draining' : 'drained'}${sign}`
  if (has('FAIL')) return `${has('COMPLETING') || state.base === 'ALLOCATED' ? 'failing' : 'fail'}${silent}`
  if (state.base === 'DOWN') return `down${sign}`
  if (state.base === 'ALLOCATED') return `allocated${sign || (has('COMPLETING') ? '+' : '')}`
  if (has('COMPLETING')) return `completing${sign}`
  if (state.base === 'IDLE')
    return sign ? `idle${sign}` : has('RESERVED') ? 'reserved' : has('PLANNED') ? 'planned' : 'idle'
  if (state.base === 'MIXED') return `mixed${sign || (has('PLANNED') ? '-' : '')}`
  if (state.base === 'FUTURE') return `future${sign}`
  return `${state.base.toLowerCase()}${silent}`
}
