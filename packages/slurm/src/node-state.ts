import { SlurmParseError } from './slurm-error.ts'

export const nodeBaseStates = ['UNKNOWN', 'DOWN', 'IDLE', 'ALLOCATED', 'ERROR', 'MIXED', 'FUTURE'] as const
export type NodeBaseState = (typeof nodeBaseStates)[number]

/** The flags of 21.08 to 26.05 (src/common/slurm_protocol_defs.c, node_state_flag_string). Newer ones are kept as they come. */
export type NodeFlag =
  | 'BLOCKED'
  | 'CLOUD'
  | 'COMPLETING'
  | 'DRAIN'
  | 'DYNAMIC_FUTURE'
  | 'DYNAMIC_NORM'
  | 'EXTERNAL'
  | 'FAIL'
  | 'INVALID_REG'
  | 'MAINTENANCE'
  | 'NOT_RESPONDING'
  | 'PLANNED'
  | 'POWERED_DOWN'
  | 'POWERING_DOWN'
  | 'POWERING_UP'
  | 'POWER_DOWN'
  | 'POWER_DRAIN'
  | 'POWER_UP'
  | 'REBOOT_ISSUED'
  | 'REBOOT_REQUESTED'
  | 'RESERVED'
  | 'RESUME'
  | 'UNDRAIN'

/** A node's state: one base state and any number of flags. Ask it with the predicates below, never by comparing text. */
export interface NodeState {
  base: NodeBaseState
  /** Upper case, in Slurm's order, without the base state. */
  flags: readonly string[]
}

const suffixFlags: Record<string, NodeFlag> = {
  '*': 'NOT_RESPONDING',
  '~': 'POWERED_DOWN',
  '#': 'POWERING_UP',
  '!': 'POWER_DOWN',
  '%': 'POWERING_DOWN',
  $: 'MAINTENANCE',
  '@': 'REBOOT_REQUESTED',
  '^': 'REBOOT_ISSUED',
  '-': 'PLANNED',
}

/** Words that sinfo, older versions and JSON use for the same thing. */
const flagAliases: Record<string, NodeFlag> = {
  DRAINED: 'DRAIN',
  DRAINING: 'DRAIN',
  INVAL: 'INVALID_REG',
  MAINT: 'MAINTENANCE',
  NO_RESPOND: 'NOT_RESPONDING',
  POWER_DRAINING: 'POWER_DRAIN',
  REBOOT: 'REBOOT_REQUESTED',
  RES: 'RESERVED',
  COMP: 'COMPLETING',
}

/**
 * Parses `IDLE+DRAIN+CLOUD`, `MIXED*`, `idle~`, or a list of such words: JSON's array of 23.02 and later,
 * and the lower-case `state` with its `state_flags` of 22.05.
 * sinfo's compact words that hide their base state (`drained`, `comp`) are refused, since they lose information.
 * @throws SlurmParseError when no or more than one base state is named, or a word is none of Slurm's alphabet
 */
export function parseNodeState(text: string | readonly string[]): NodeState {
  const shown = typeof text === 'string' ? text : text.join('+')
  const words = shown.trim().toUpperCase().split('+')
  let base: NodeBaseState | undefined
  const flags: string[] = []
  for (const [index, word] of words.entries()) {
    const match = /^([A-Z][A-Z_]*)([*~#!%$@^-]*)$/.exec(word)
    if (!match) throw new SlurmParseError('not a node state', shown)
    const name = match[1] ?? ''
    const asBase = nodeBaseStates.find((known) => known === name)
    if (asBase && base === undefined) base = asBase
    else if (asBase) throw new SlurmParseError('a node state with two base states', shown)
    else if (index === 0 && typeof text === 'string') throw new SlurmParseError('not a base state of a node', shown)
    else add(flags, flagAliases[name] ?? name)
    for (const suffix of match[2] ?? '') add(flags, suffixFlags[suffix] ?? suffix)
  }
  if (base === undefined) throw new SlurmParseError('a node state without a base state', shown)
  return { base, flags }
}

function add(flags: string[], flag: string): void {
  if (!flags.includes(flag)) flags.push(flag)
}

/** The state as `scontrol show node` prints it. */
export function formatNodeState(state: NodeState): string {
  return [state.base, ...state.flags].join('+')
}

/** Whether the state has this flag. */
export function hasFlag(state: NodeState, flag: NodeFlag): boolean {
  return state.flags.includes(flag)
}

function hasAny(state: NodeState, flags: readonly NodeFlag[]): boolean {
  return flags.some((flag) => state.flags.includes(flag))
}

/** Whether jobs, or the remains of jobs, are on the node. */
export function isBusy(state: NodeState): boolean {
  return state.base === 'ALLOCATED' || state.base === 'MIXED' || hasFlag(state, 'COMPLETING')
}

/** Whether new work is kept away by a drain, whoever set it. */
export function isDrain(state: NodeState): boolean {
  return hasFlag(state, 'DRAIN') && !hasFlag(state, 'UNDRAIN')
}

/** Whether the node takes no new work and still has old work. */
export function isDraining(state: NodeState): boolean {
  return isDrain(state) && isBusy(state)
}

/** Whether the node takes no new work and has none. Look twice: suspended jobs do not show here. */
export function isDrained(state: NodeState): boolean {
  return isDrain(state) && !isBusy(state)
}

export function isDown(state: NodeState): boolean {
  return state.base === 'DOWN'
}

/** Whether the name is only reserved in slurm.conf: no host has claimed it. */
export function isFuture(state: NodeState): boolean {
  return state.base === 'FUTURE'
}

/** Whether slurmctld starts hosts under this name by itself. */
export function isCloud(state: NodeState): boolean {
  return hasFlag(state, 'CLOUD')
}

/** Whether the node exists only since its slurmd registered. */
export function isDynamic(state: NodeState): boolean {
  return hasAny(state, ['DYNAMIC_NORM', 'DYNAMIC_FUTURE'])
}

/** Whether a host runs under this name and answered last time: not FUTURE, not powered down, not silent, not unknown. */
export function isRegistered(state: NodeState): boolean {
  if (state.base === 'FUTURE' || state.base === 'UNKNOWN') return false
  return !hasAny(state, ['NOT_RESPONDING', 'POWERED_DOWN', 'POWERING_UP', 'POWER_UP'])
}

const unschedulable: readonly NodeFlag[] = [
  'FAIL',
  'INVALID_REG',
  'MAINTENANCE',
  'NOT_RESPONDING',
  'POWERED_DOWN',
  'POWERING_DOWN',
  'POWERING_UP',
  'POWER_DOWN',
  'POWER_DRAIN',
  'REBOOT_ISSUED',
  'REBOOT_REQUESTED',
  'RESERVED',
]

/** Whether slurmctld could start a job there now, as far as the state tells (not whether anything is free). */
export function isSchedulable(state: NodeState): boolean {
  const up = state.base === 'IDLE' || state.base === 'MIXED' || state.base === 'ALLOCATED'
  return up && !isDrain(state) && !hasAny(state, unschedulable)
}

/** Whether slurmctld would power the node up for a job: powered down, and nothing that keeps it from being chosen. */
export function isStartable(state: NodeState): boolean {
  if (state.base !== 'IDLE' || !hasFlag(state, 'POWERED_DOWN') || isDrain(state)) return false
  return !hasAny(state, ['FAIL', 'MAINTENANCE', 'NOT_RESPONDING', 'POWERING_DOWN', 'POWER_DOWN', 'RESERVED'])
}
