import type { FleetNodeJson } from '@navarch/api/views'
import { formatPercent, plural } from '../lib/format.ts'
import type { ColorMode } from './cell-style.ts'

const owners: Record<FleetNodeJson['owner'], string> = {
  '': '',
  navarch: 'by Navarch',
  person: 'by a person',
  slurm: 'by Slurm',
}

/** Whose doing a node's state is; "" where it is nobody's. */
export function ownerWords(node: Pick<FleetNodeJson, 'owner'>): string {
  return owners[node.owner]
}

/** States in which a node takes jobs. */
const inService: readonly FleetNodeJson['state'][] = ['busy', 'mixed', 'idle', 'reserved']

/** Whether it is unhealthy and takes jobs all the same: nobody has drained it. */
export function isFaulty({ state, health }: Pick<FleetNodeJson, 'state' | 'health'>): boolean {
  return health === 'unhealthy' && inService.includes(state)
}

/** A node in one line, as the screen reader says it. */
export function describeNode(node: FleetNodeJson): string {
  const used =
    node.gpus_used === null ? 'GPUs in use not known' : `${node.gpus_used} of ${plural(node.gpus, 'GPU')} in use`
  return [
    node.id,
    [node.state, ownerWords(node)].filter((word) => word !== '').join(' '),
    node.health === 'healthy' ? '' : `health ${node.health}`,
    used,
    node.reason,
  ]
    .filter((part) => part !== '')
    .join(', ')
}

/** The end of a name that tells nodes of a kind apart: "013" of "train-013". */
export function shortName(id: string): string {
  const host = id.split('.', 1)[0] ?? id
  const number = /\d+$/.exec(host)?.[0]
  if (number !== undefined) return number.length > 5 ? number.slice(-5) : number
  return host.length > 6 ? `${host.slice(0, 5)}…` : host
}

/** The figure that goes with a colour, for the inside of a cell; "?" where it is not known. */
export function noteOf(node: FleetNodeJson | undefined, color: ColorMode): string {
  if (!node) return ''
  switch (color) {
    case 'state':
    case 'health':
      return node.gpus === 0 ? '' : `${node.gpus_used ?? '?'}/${node.gpus}`
    case 'util':
      return node.gpu_percent === null ? '?' : formatPercent(node.gpu_percent)
    case 'gmem':
      return node.gpu_memory_percent === null ? '?' : formatPercent(node.gpu_memory_percent)
    case 'temp':
      return node.temperature === null ? '?' : `${Math.round(node.temperature)} °C`
    case 'power':
      return node.power === null ? '?' : formatWatts(node.power)
    case 'job':
      return node.jobs[0] ?? ''
    case 'user':
      return node.users[0]?.slice(0, 8) ?? ''
  }
}

/** "640 W", "5.2 kW". */
export function formatWatts(watts: number): string {
  return watts < 1000 ? `${Math.round(watts)} W` : `${(watts / 1000).toFixed(1)} kW`
}
