import { Readable } from 'node:stream'
import { create } from '@bufbuild/protobuf'
import {
  NodeCommandSchema,
  NodeStatus,
  RegisterNodeResponseSchema,
  ReportHealthResponseSchema,
  type ServerMessage,
} from '@navarch/api/control-plane'
import type { EventJson, NodeJson, OperationJson, PoolJson } from '@navarch/api/rest'
import { ServiceError } from '../../src/services/service-error.ts'
import type { Services } from '../../src/services/services.ts'
import { alertsDouble } from '../alerts-double.ts'
import { emptyJobStore, jobServiceOver } from '../job-service-over.ts'
import { viewsDouble } from '../views-double.ts'

/** A fleet of one node, one pool and one operation, which records what is asked of it. */
export interface ServicesDouble {
  services: Services
  /** Calls that change something, e.g. "cordon node-1". */
  changes: string[]
  /** Calls of agents, e.g. "report node-1 r1". */
  agentCalls: string[]
  /** Links by node, as `attach` got them. */
  attached: Map<string, (message: ServerMessage) => void>
  emit(message: string): void
  /** Set to make `register` wait or fail. */
  onRegister: () => Promise<void>
  /** Set to make `report` wait or fail. */
  onReport: () => Promise<void>
  notReady: string | undefined
}

export function createServicesDouble(): ServicesDouble {
  const events: EventJson[] = []
  const listeners = new Set<(event: EventJson) => void>()
  const known = (id: string) => {
    if (id !== node.id) throw new ServiceError('not_found', `node not found: ${id}`)
  }
  const change = <T>(text: string, value: T): Promise<T> => {
    double.changes.push(text)
    return Promise.resolve(value)
  }
  const services: Services = {
    nodes: {
      list: (filter) => (filter.status === undefined || filter.status === node.status ? [node] : []),
      async get(id) {
        if (id === 'node-broken') throw new TypeError('secret internals')
        known(id)
        return node
      },
      async cordon(id, reason) {
        known(id)
        return change(`cordon ${id} ${reason}`.trim(), node)
      },
      async uncordon(id) {
        known(id)
        throw new ServiceError('conflict', `${id} is not cordoned`)
      },
      drain: (id) => change(`drain ${id}`, node),
      bootstrapLogs: async () => [],
      instances: async () => [],
    },
    pools: {
      list: () => [pool],
      get: () => pool,
      explain: (name) => ({
        ...{ pool: name, wanted: 1, reason: 'limits', parts: [], jobs: [], unknown_reasons: [] },
        data_age_seconds: null,
      }),
      scale: (name, nodes) => change(`scale ${name} ${nodes}`, pool),
    },
    operations: {
      list: async () => [operation],
      get: async () => operation,
      cancel: (id) => change(`cancel ${id}`, operation),
      retry: async () => {
        throw new ServiceError('unavailable', 'the store is away')
      },
      approve: (id, by) => change(`approve ${id} by ${by}`, operation),
      reject: (id, by, reason) => change(`reject ${id} by ${by}: ${reason}`, operation),
    },
    events: {
      since: async (after, limit) => events.filter((event) => event.seq > after).slice(0, limit),
      latest: () => events.length,
      subscribe: (listener) => {
        listeners.add(listener)
        return () => listeners.delete(listener)
      },
    },
    agents: {
      async register(request, peerAddress) {
        await double.onRegister()
        double.agentCalls.push(`register ${request.nodeId} ${peerAddress}`)
        return create(RegisterNodeResponseSchema, { success: true, config: { heartbeatIntervalSeconds: 30 } })
      },
      heartbeat(request) {
        double.agentCalls.push(`heartbeat ${request.nodeId}`)
      },
      async report(request) {
        await double.onReport()
        double.agentCalls.push(`report ${request.nodeId} ${request.reportId}`)
        return create(ReportHealthResponseSchema, { acknowledged: true, nodeStatus: NodeStatus.ACTIVE })
      },
      commands: () => [],
      issueCommand: (nodeId) => change(`command ${nodeId}`, create(NodeCommandSchema, { commandId: 'c1' })),
      async acknowledge(nodeId, commandId) {
        double.agentCalls.push(`acknowledge ${nodeId} ${commandId}`)
      },
      attach: (nodeId, send) => {
        double.attached.set(nodeId, send)
        return () => {
          if (double.attached.get(nodeId) === send) double.attached.delete(nodeId)
        }
      },
    },
    backups: {
      backup: async () => ({ body: Readable.from(['backup']), createdAt: 0 }),
      restore: async () => ({ id: 'r1', state: 'pending', backup_created_at: '', rows: {}, error: null }),
      lastRestore: () => ({ id: 'r1', state: 'done', backup_created_at: '', rows: {}, error: null }),
    },
    version: () => ({ version: '0.1.0', store: 'memory', slurm: null, conditions: [] }),
    notReady: () => double.notReady,
    metrics: async () => 'navarch_nodes_total{status="active"} 1\n',
    jobs: jobServiceOver(emptyJobStore),
    alerts: alertsDouble,
    views: viewsDouble,
  }
  const double: ServicesDouble = {
    services,
    changes: [],
    agentCalls: [],
    attached: new Map(),
    emit: (message) => {
      const event = { seq: events.length + 1, at: time, type: 'finding', pool: '', node: '', operation: '', message }
      events.push(event)
      for (const listener of listeners) listener(event)
    },
    onRegister: async () => {},
    onReport: async () => {},
    notReady: undefined,
  }
  return double
}

const time = '2026-01-01T00:00:00.000Z'

const node: NodeJson = {
  id: 'node-1',
  health: 'healthy',
  health_reason: '',
  status: 'active',
  pool: 'main',
  provider: 'fake',
  region: '',
  zone: '',
  instance_type: 'h100',
  gpu_count: 0,
  gpus: [],
  health_events: [],
  last_heartbeat: time,
  machine_id: null,
  address: null,
  slurm: null,
  hold: null,
  operations: [],
  agent_version: '',
  created_at: time,
  registered_at: null,
  node_id: 'node-1',
  health_status: 'healthy',
  metadata: { hostname: 'node-1', internal_ip: '', external_ip: '', kernel_version: '', labels: {} },
}

const pool: PoolJson = {
  name: 'main',
  provider: 'fake',
  provider_type: 'fake',
  instance_type: 'h100',
  region: '',
  partition: null,
  naming: 'none',
  size: { min: 0, max: 4, wanted: 1, ready: 1, busy: 0, provisioning: 0 },
  manual_size: null,
  autoscaler: 'queue',
  mode: 'act',
  nodes: ['node-1'],
  conditions: [{ type: 'Ready', status: 'true', reason: 'Ok', message: '', since: time }],
}

const operation: OperationJson = {
  id: 'op-1',
  kind: 'replace',
  pool: 'main',
  node: 'node-1',
  state: 'running',
  step: 'drain',
  steps: [{ name: 'drain', state: 'running', started_at: time, finished_at: null, attempts: 1, message: '' }],
  approval: null,
  reason: 'XID 79',
  initiator: 'health',
  created_at: time,
  updated_at: time,
}
