import { isSchedulable } from '@navarch/slurm/node-state'
import { type NodeShape, shapeOf } from '../pool/node-shape.ts'
import type { PoolMember } from './members.ts'
import type { FreeNode } from './pack-work.ts'

/** What a pool's nodes in service hold and could take. */
export interface PoolCapacity {
  /** Nodes that hold jobs, are promised to one, or that Slurm cannot use now: they stay whatever comes. */
  occupied: number
  /** Room for work, on nodes with jobs too; nodes that are being made count as empty ones. */
  free: FreeNode[]
}

/**
 * @param shape of a new node; undefined: not known
 * @param demandedNames names without a host that jobs wait for by name: their nodes are as good as occupied
 */
export function capacityOf(
  members: readonly PoolMember[],
  shape: NodeShape | undefined,
  demandedNames: readonly string[] = [],
): PoolCapacity {
  const demanded = new Set(demandedNames)
  const capacity: PoolCapacity = { occupied: demanded.size, free: [] }
  for (const { id, service, activity, record } of members) {
    if (demanded.has(id)) continue
    if (service === 'coming') {
      const { cpus = 0, memoryMb = 0, gpus = 0 } = shape ?? {}
      capacity.free.push({ cpus, memoryMb, gpus, empty: true })
    } else if (service === 'in') {
      const usable = record !== undefined && isSchedulable(record.state)
      const empty = usable && record.cpusAllocated === 0 && activity !== 'busy'
      if (!empty) capacity.occupied++
      if (!usable) continue
      const whole = shapeOf(record)
      capacity.free.push({
        cpus: whole.cpus - record.cpusAllocated,
        memoryMb: whole.memoryMb - record.memoryAllocatedMb,
        gpus: whole.gpus - (record.gpusAllocated ?? 0),
        empty,
      })
    }
  }
  return capacity
}
