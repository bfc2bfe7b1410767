import type { PartitionRecord } from '@navarch/slurm/partition-record'
import type { PoolSpec } from './pool-spec.ts'

export type PartitionChoice =
  | { kind: 'found'; partition: PartitionRecord; because: 'label' | 'name' | 'only' | 'default' }
  /** `message` says which partitions exist and what to do. */
  | { kind: 'none'; message: string }

/**
 * The partition that a pool serves: the one of its label `partition`, else the one of the pool's name, else the
 * cluster's only or default one. A label that names no partition is not passed over: the operator meant that one.
 */
export function choosePartition(
  pool: Pick<PoolSpec, 'name' | 'labels'>,
  partitions: readonly PartitionRecord[],
): PartitionChoice {
  const byName = (name: string) => partitions.find((partition) => partition.name === name)
  const existing = partitions.length
    ? `partitions here: ${partitions.map((partition) => partition.name).join(', ')}`
    : 'this cluster has no partitions'
  const label = pool.labels.partition
  if (label !== undefined) {
    const partition = byName(label)
    if (partition) return { kind: 'found', partition, because: 'label' }
    return { kind: 'none', message: `labels.partition is "${label}", which does not exist; ${existing}` }
  }
  const named = byName(pool.name)
  if (named) return { kind: 'found', partition: named, because: 'name' }
  const [only, second] = partitions
  if (only && !second) return { kind: 'found', partition: only, because: 'only' }
  const standard = partitions.find((partition) => partition.isDefault)
  if (standard) return { kind: 'found', partition: standard, because: 'default' }
  return {
    kind: 'none',
    message: `no partition is named "${pool.name}" and none is the default; ${existing}; set labels.partition`,
  }
}
