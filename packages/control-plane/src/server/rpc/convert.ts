import { create, type MessageInitShape } from '@bufbuild/protobuf'
import { type Timestamp, timestampFromDate } from '@bufbuild/protobuf/wkt'
import {
  type BootstrapLogSchema,
  type ExplainPoolResponse,
  ExplainPoolResponseSchema,
  HealthStatus,
  InstanceState,
  type NodeInfoSchema,
  NodeStatus,
  type OperationSchema,
  type PoolSchema,
  type WatchResponseSchema,
} from '@navarch/api/control-plane'
import type {
  BootstrapLogJson,
  EventJson,
  NodeJson,
  OperationJson,
  PoolExplanationJson,
  PoolJson,
} from '@navarch/api/rest'
import { ServiceError } from '../../services/service-error.ts'

const healthStatuses: Record<NodeJson['health'], HealthStatus> = {
  unknown: HealthStatus.UNKNOWN,
  healthy: HealthStatus.HEALTHY,
  degraded: HealthStatus.DEGRADED,
  unhealthy: HealthStatus.UNHEALTHY,
}

const nodeStatuses: Record<NodeJson['status'], NodeStatus> = {
  provisioning: NodeStatus.PROVISIONING,
  active: NodeStatus.ACTIVE,
  cordoned: NodeStatus.CORDONED,
  draining: NodeStatus.DRAINING,
  drained: NodeStatus.DRAINED,
  unhealthy: NodeStatus.UNHEALTHY,
  terminated: NodeStatus.TERMINATED,
}
const statusWords = new Map(Object.entries(nodeStatuses).map(([word, status]) => [status, word]))

/**
 * The word of a status to filter by; undefined for UNKNOWN, which filters nothing.
 * @throws ServiceError `invalid` for a number that the contract does not have
 */
export function statusFilterOf(status: NodeStatus): string | undefined {
  if (status === NodeStatus.UNKNOWN) return undefined
  const word = statusWords.get(status)
  if (word === undefined) {
    throw new ServiceError('invalid', `status is ${status}: it may be one of ${listEnum(NodeStatus)}`)
  }
  return word
}

/** @throws ServiceError `invalid` for a number that the contract does not have */
export function checkInstanceState(state: InstanceState): void {
  if (InstanceState[state] !== undefined) return
  throw new ServiceError('invalid', `state is ${state}: it may be one of ${listEnum(InstanceState)}`)
}

/** An enum's names and numbers, for error messages. */
export function listEnum(values: Record<string, string | number>): string {
  return Object.entries(values)
    .flatMap(([name, number]) => (typeof number === 'number' ? [`${number} (${name})`] : []))
    .join(', ')
}

export function nodeInfoOf(node: NodeJson): MessageInitShape<typeof NodeInfoSchema> {
  return {
    nodeId: node.id,
    provider: node.provider,
    region: node.region,
    zone: node.zone,
    instanceType: node.instance_type,
    status: nodeStatuses[node.status],
    healthStatus: healthStatuses[node.health],
    healthReason: node.health_reason,
    pool: node.pool,
    gpus: node.gpus.map((gpu) => ({
      index: gpu.index,
      uuid: gpu.uuid,
      name: gpu.name,
      pciBusId: gpu.pci_bus_id,
      memoryTotal: BigInt(Math.trunc(gpu.memory_total ?? 0)),
      driverVersion: gpu.driver_version,
      cudaVersion: gpu.cuda_version,
    })),
    metadata: {
      hostname: node.metadata.hostname,
      internalIp: node.metadata.internal_ip,
      externalIp: node.metadata.external_ip,
      kernelVersion: node.metadata.kernel_version,
      labels: node.metadata.labels,
    },
    ...at('lastHeartbeat', node.last_heartbeat),
  }
}

export function poolOf(pool: PoolJson): MessageInitShape<typeof PoolSchema> {
  const { min, max, wanted, ready, busy, provisioning } = pool.size
  return {
    name: pool.name,
    provider: pool.provider,
    partition: pool.partition ?? '',
    size: { min, max, wanted, ready, busy, provisioning },
    conditions: pool.conditions.map(({ since, ...condition }) => ({ ...condition, ...at('since', since) })),
  }
}

export function explanationOf({ wanted, reason, jobs }: PoolExplanationJson): ExplainPoolResponse {
  return create(ExplainPoolResponseSchema, {
    wanted,
    reason,
    jobs: jobs.map((job) => ({ job: job.job, counted: job.counted, nodes: job.nodes, reason: job.reason })),
  })
}

export function operationOf(operation: OperationJson): MessageInitShape<typeof OperationSchema> {
  const { id, kind, pool, node, state, step, reason } = operation
  return {
    ...{ id, kind, pool, node, state, step, reason },
    steps: operation.steps.map(({ name, state, attempts, message, started_at, finished_at }) => ({
      ...{ name, state, attempts, message },
      ...at('startedAt', started_at),
      ...at('finishedAt', finished_at),
    })),
    ...at('createdAt', operation.created_at),
    ...at('updatedAt', operation.updated_at),
    ...(operation.approval && {
      approval: {
        state: operation.approval.state,
        by: operation.approval.by ?? '',
        reason: operation.approval.reason ?? '',
        ...at('at', operation.approval.at),
      },
    }),
  }
}

export function watchResponseOf(event: EventJson): MessageInitShape<typeof WatchResponseSchema> {
  const { seq, type, pool, node, operation, message } = event
  return { seq: BigInt(seq), type, pool, node, operation, message, ...at('at', event.at) }
}

export function bootstrapLogOf(log: BootstrapLogJson): MessageInitShape<typeof BootstrapLogSchema> {
  const { node, pool, success, error } = log
  return {
    ...{ node, pool, success, error },
    durationMs: BigInt(Math.trunc(log.duration_ms)),
    sshWaitMs: BigInt(Math.trunc(log.ssh_wait_ms)),
    commands: log.commands.map((command) => ({
      command: command.command,
      stdout: command.stdout,
      stderr: command.stderr,
      exitCode: command.exit_code,
      durationMs: BigInt(Math.trunc(command.duration_ms)),
    })),
    ...at('startedAt', log.started_at),
  }
}

/** A timestamp field from RFC 3339 text; without the field when there is no time. */
function at<Key extends string>(key: Key, time: string | null): { [K in Key]?: Timestamp } {
  if (time === null) return {}
  const field: { [K in Key]?: Timestamp } = {}
  field[key] = timestampFromDate(new Date(time))
  return field
}
