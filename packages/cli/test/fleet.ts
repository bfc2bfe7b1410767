import type {
  BootstrapLogJson,
  EventJson,
  GpuJson,
  HealthEventJson,
  NodeJson,
  OperationJson,
  PoolExplanationJson,
  PoolJson,
} from '@navarch/api/rest'

/** When everything here was last seen: tests set their clock from it. */
export const seenAt = Date.UTC(2026, 0, 1, 12, 0, 0)

/** RFC 3339 time some seconds before `seenAt`. */
export function ago(seconds: number): string {
  return new Date(seenAt - seconds * 1000).toISOString()
}

export function gpu(index: number, overrides: Partial<GpuJson> = {}): GpuJson {
  return {
    index,
    uuid: `GPU-0000000${index}`,
    name: 'NVIDIA H100 80GB HBM3',
    pci_bus_id: `00000000:${index}B:00.0`,
    memory_total: 80 * 2 ** 30,
    driver_version: '550.54.15',
    cuda_version: '12.4',
    utilization: 90,
    temperature_celsius: 41,
    power_watts: 320,
    memory_used: 2 ** 30,
    ...overrides,
  }
}

export function node(id: string, overrides: Partial<NodeJson> = {}): NodeJson {
  const gpus = overrides.gpus ?? [gpu(0), gpu(1, { utilization: 94 })]
  const health = overrides.health ?? 'healthy'
  return {
    id,
    health,
    health_reason: '',
    status: 'active',
    pool: 'training',
    provider: 'lambda',
    region: 'us-west-2',
    zone: 'us-west-2a',
    instance_type: 'gpu_8x_h100_sxm5',
    gpu_count: gpus.length,
    gpus,
    health_events: [],
    last_heartbeat: ago(5),
    machine_id: `machine-${id}`,
    address: '10.0.0.1',
    slurm: { state: 'IDLE', reason: '', partitions: ['gpu'], jobs: [], seen_at: ago(2) },
    hold: null,
    operations: [],
    agent_version: '0.1.0',
    created_at: ago(7200),
    registered_at: ago(7000),
    node_id: id,
    health_status: `HEALTH_STATUS_${health.toUpperCase()}`,
    metadata: {
      hostname: `${id}.cluster.example`,
      internal_ip: '10.0.0.1',
      external_ip: '',
      kernel_version: '6.1.0',
      labels: { rack: 'r1' },
    },
    ...overrides,
  }
}

/** A GPU that fell off the bus. */
export function xid79(at: string): HealthEventJson {
  return {
    id: 'finding-1',
    node: 'gpu-node-002',
    source: 'kernel-log',
    code: 'xid-79',
    xid: 79,
    class: 'drain-and-replace',
    gpu_uuid: 'GPU-00000001',
    gpu_index: 1,
    pci_bus_id: '00000000:1B:00.0',
    message: 'XID 79: GPU has fallen off the bus',
    evidence: 'NVRM: Xid (PCI:0000:1b:00): 79, pid=1, GPU has fallen off the bus.',
    at,
    last_seen_at: at,
    count: 1,
    active: true,
  }
}

export function pool(name: string, overrides: Partial<PoolJson> = {}): PoolJson {
  return {
    name,
    provider: 'lambda',
    provider_type: 'lambda',
    instance_type: 'gpu_8x_h100_sxm5',
    region: 'us-west-2',
    partition: 'gpu',
    naming: 'future',
    size: { min: 2, max: 8, wanted: 4, ready: 3, busy: 2, provisioning: 1 },
    manual_size: null,
    autoscaler: 'queue',
    mode: 'act',
    nodes: ['gpu-node-001', 'gpu-node-002'],
    conditions: [
      { type: 'ProviderReady', status: 'true', reason: 'Launching', message: 'provider lambda works', since: ago(60) },
    ],
    ...overrides,
  }
}

export function explanation(name: string): PoolExplanationJson {
  return {
    pool: name,
    wanted: 24,
    reason: 'queue depth 24 requires 24 nodes (1 jobs/node)',
    parts: [{ type: 'queue', wanted: 24, reason: '20 pending + 4 running' }],
    jobs: [
      { job: '101', counted: true, nodes: 2, state: 'pending', reason: 'Resources' },
      { job: '102', counted: false, nodes: 1, state: 'not-counted', reason: 'Dependency' },
    ],
    unknown_reasons: ['SomethingNew'],
    data_age_seconds: 7,
  }
}

export function operation(id: string, overrides: Partial<OperationJson> = {}): OperationJson {
  return {
    id,
    kind: 'drain',
    pool: 'training',
    node: 'gpu-node-001',
    state: 'waiting',
    approval: null,
    step: 'wait',
    steps: [
      { name: 'drain', state: 'succeeded', started_at: ago(60), finished_at: ago(59), attempts: 1, message: '' },
      { name: 'wait', state: 'running', started_at: ago(59), finished_at: null, attempts: 1, message: '2 jobs run' },
    ],
    reason: 'rack maintenance',
    initiator: 'operator',
    created_at: ago(60),
    updated_at: ago(10),
    ...overrides,
  }
}

/** The operation when all its steps are done. */
export function succeeded(id: string): OperationJson {
  const { steps } = operation(id)
  return operation(id, {
    state: 'succeeded',
    steps: steps.map((step) => ({ ...step, state: 'succeeded', finished_at: ago(1), message: '' })),
  })
}

export function event(seq: number, overrides: Partial<EventJson> = {}): EventJson {
  return {
    seq,
    at: ago(100 - seq),
    type: 'node-status',
    pool: 'training',
    node: 'gpu-node-001',
    operation: '',
    message: `event ${seq}`,
    ...overrides,
  }
}

export function bootstrapLog(name: string): BootstrapLogJson {
  return {
    node: name,
    pool: 'training',
    started_at: ago(600),
    duration_ms: 61_000,
    ssh_wait_ms: 20_000,
    success: false,
    error: 'command 2 of 2 ended with 1',
    commands: [
      { command: 'hostname', stdout: `${name}\n`, stderr: '', exit_code: 0, duration_ms: 12 },
      { command: 'systemctl start slurmd', stdout: '', stderr: 'no such unit\n', exit_code: 1, duration_ms: 30 },
    ],
  }
}
