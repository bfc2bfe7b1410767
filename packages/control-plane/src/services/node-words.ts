import { HealthStatus, NodeStatus } from '@navarch/api/control-plane'
import type { NodeHealth, NodeStatus as Status } from '@navarch/core/node/node'

const health: Record<NodeHealth, HealthStatus> = {
  unknown: HealthStatus.UNKNOWN,
  healthy: HealthStatus.HEALTHY,
  degraded: HealthStatus.DEGRADED,
  unhealthy: HealthStatus.UNHEALTHY,
}

const status: Record<Status, NodeStatus> = {
  provisioning: NodeStatus.PROVISIONING,
  active: NodeStatus.ACTIVE,
  cordoned: NodeStatus.CORDONED,
  draining: NodeStatus.DRAINING,
  drained: NodeStatus.DRAINED,
  unhealthy: NodeStatus.UNHEALTHY,
  terminated: NodeStatus.TERMINATED,
}

/** The protocol's number of a health. */
export function healthNumber(word: NodeHealth): HealthStatus {
  return health[word]
}

/** The protocol's number of a status. */
export function statusNumber(word: Status): NodeStatus {
  return status[word]
}
