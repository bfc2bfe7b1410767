import type { FleetNodeJson } from '@navarch/api/views'
import { isFaulty } from './node-words.ts'

/** What the colours of the grid tell. */
export const colorModes = {
  state: 'state',
  health: 'health',
  util: 'GPU use',
  gmem: 'GPU memory',
  temp: 'temperature',
  power: 'power',
  job: 'job',
  user: 'user',
} as const
export type ColorMode = keyof typeof colorModes

/** How a cell looks: a colour and a shape, so that no colour stands alone. */
export interface CellStyle {
  key: string
  label: string
  /** CSS variable. */
  color: string
  /** - `level`: filled from below by `level`, on an idle cell. */
  pattern: 'solid' | 'hatch' | 'unknown' | 'outline' | 'level' | 'stripe'
  level?: number
  /** Faulty, and still taking jobs: a red corner and frame on it. */
  isFaulty?: boolean
  /** The key of the state that a faulty node is in: it is one of those too. */
  stateKey?: string
  /** The filter word that finds such nodes, where there is one. */
  word?: string
}

/** What colours need to know of the whole fleet. */
export interface ColorScale {
  /** Watts per GPU at the top. */
  powerTop: number
  /** The slot of a job or user; undefined when all are taken. */
  slotOf: (name: string) => number | undefined
}

export const rampSteps = 8
/** Names that have a look of their own. */
export const nameSlots = 16

const plainStates: readonly CellStyle[] = [
  { key: 'busy', label: 'busy', color: '--state-busy', pattern: 'solid', word: 'state:busy' },
  ...[0.25, 0.5, 0.75].map(
    (level): CellStyle => ({
      key: 'mixed',
      label: 'partly busy',
      color: '--state-busy',
      pattern: 'level',
      level,
      word: 'state:mixed',
    }),
  ),
  { key: 'idle', label: 'idle', color: '--state-idle', pattern: 'solid', word: 'state:idle' },
  { key: 'reserved', label: 'reserved', color: '--state-reserved', pattern: 'solid', word: 'state:reserved' },
  { key: 'powering', label: 'powering', color: '--state-powering', pattern: 'outline', word: 'state:powering' },
  { key: 'draining', label: 'draining', color: '--state-draining', pattern: 'hatch', word: 'state:draining' },
  { key: 'drained', label: 'drained', color: '--state-drained', pattern: 'solid', word: 'state:drained' },
  { key: 'down', label: 'down', color: '--state-down', pattern: 'solid', word: 'state:down' },
  { key: 'unknown', label: 'unknown', color: '--state-unknown', pattern: 'unknown', word: 'state:unknown' },
]
/** Looks of nodes that take jobs: the first ones. Each has a twin behind all the plain ones, for a node that is unhealthy. */
const inService = 6
const states: readonly CellStyle[] = [
  ...plainStates,
  ...plainStates.slice(0, inService).map(
    (look): CellStyle => ({
      ...look,
      key: 'faulty',
      label: 'unhealthy, in service',
      word: 'state:faulty',
      isFaulty: true,
      stateKey: look.key,
    }),
  ),
]
const stateIndex = new Map(plainStates.map(({ key }, index) => [key, index]))
const mixedFirst = 1

const healths: readonly CellStyle[] = [
  { key: 'healthy', label: 'healthy', color: '--state-idle', pattern: 'solid', word: 'health:healthy' },
  { key: 'degraded', label: 'degraded', color: '--state-draining', pattern: 'hatch', word: 'health:degraded' },
  { key: 'unhealthy', label: 'unhealthy', color: '--state-down', pattern: 'solid', word: 'health:unhealthy' },
  { key: 'unknown', label: 'unknown', color: '--state-unknown', pattern: 'unknown', word: 'health:unknown' },
]
const healthIndex = new Map(healths.map(({ key }, index) => [key, index]))

const notKnown = (word: string): CellStyle => ({
  key: 'unknown',
  label: 'not known',
  color: '--state-unknown',
  pattern: 'unknown',
  word,
})

const amounts = (word: string): readonly CellStyle[] => [
  ...Array.from(
    { length: rampSteps },
    (_, step): CellStyle => ({ key: `ramp-${step}`, label: '', color: `--ramp-${step}`, pattern: 'solid' }),
  ),
  notKnown(word),
]

const names: readonly CellStyle[] = [
  ...Array.from(
    { length: nameSlots },
    (_, slot): CellStyle => ({
      key: `slot-${slot}`,
      label: '',
      color: `--chart-${(slot % 8) + 1}`,
      pattern: slot < 8 ? 'solid' : 'stripe',
    }),
  ),
  { key: 'others', label: 'others', color: '--text-faint', pattern: 'solid' },
  { key: 'nobody', label: 'nobody', color: '--state-idle', pattern: 'solid', word: 'used:0' },
  notKnown('used:unknown'),
]

const styles: Record<ColorMode, readonly CellStyle[]> = {
  state: states,
  health: healths,
  util: amounts('util:unknown'),
  gmem: amounts('gmem:unknown'),
  temp: amounts('temp:unknown'),
  power: amounts('power:unknown'),
  job: names,
  user: names,
}

/** All looks of a mode; `styleOf` gives places in it. */
export function stylesOf(mode: ColorMode): readonly CellStyle[] {
  return styles[mode]
}

/** Temperature at both ends of the scale, Celsius. */
export const temperatureRange = [30, 90] as const

/** The look of a node: a place in `stylesOf(mode)`. */
export function styleOf(node: FleetNodeJson, mode: ColorMode, scale: ColorScale): number {
  switch (mode) {
    case 'state':
      return stateStyle(node)
    case 'health':
      return healthIndex.get(node.health) ?? healths.length - 1
    case 'util':
      return step(node.gpu_percent, 0, 100)
    case 'gmem':
      return step(node.gpu_memory_percent, 0, 100)
    case 'temp':
      return step(node.temperature, ...temperatureRange)
    case 'power':
      return step(node.power === null ? null : node.power / Math.max(1, node.gpus), 0, scale.powerTop)
    case 'job':
    case 'user':
      return nameIndex(node, node[mode === 'job' ? 'jobs' : 'users'][0], scale)
  }
}

function stateStyle(node: FleetNodeJson): number {
  const look =
    node.state === 'mixed' ? mixedFirst + fullness(node) : (stateIndex.get(node.state) ?? plainStates.length - 1)
  return isFaulty(node) ? plainStates.length + look : look
}

/** Quarters of a partly busy node: 0, 1 or 2. Without Slurm's word, the middle. */
function fullness({ gpus, gpus_used: used }: FleetNodeJson): number {
  if (used === null || gpus === 0) return 1
  return Math.max(0, Math.min(2, Math.round((used / gpus) * 4) - 1))
}

function step(value: number | null, low: number, high: number): number {
  if (value === null) return rampSteps
  const share = (value - low) / (high - low)
  return Math.max(0, Math.min(rampSteps - 1, Math.floor(share * rampSteps)))
}

function nameIndex(node: FleetNodeJson, name: string | undefined, scale: ColorScale): number {
  if (name === undefined) return node.state === 'unknown' || node.gpus_used === null ? nameSlots + 2 : nameSlots + 1
  return scale.slotOf(name) ?? nameSlots
}
