import type { PoolJson } from '@navarch/api/rest'

/** What sizes a pool that no operator holds: its autoscaler's type, or "min_nodes" without one. */
export function sizedBy({ autoscaler }: PoolJson): string {
  return autoscaler === '' || autoscaler === 'none' ? 'min_nodes' : autoscaler
}
