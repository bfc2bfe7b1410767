import type { PoolSize } from '../pool/pool.ts'
import type { PoolSpec } from '../pool/pool-spec.ts'
import type { PoolMember } from './members.ts'

/** A pool's numbers as operators see them. `ready` nodes serve now; `busy` ones of them hold jobs. */
export function poolSize(
  spec: Pick<PoolSpec, 'minNodes' | 'maxNodes'>,
  members: readonly PoolMember[],
  wanted: number,
): PoolSize {
  const ready = members.filter((member) => member.service === 'in')
  return {
    min: spec.minNodes,
    max: spec.maxNodes,
    wanted,
    ready: ready.length,
    busy: ready.filter((member) => member.activity === 'busy').length,
    provisioning: members.filter((member) => member.service === 'coming').length,
  }
}
