/**
 * The JSON that the REST API answers and `navarch -o json` prints. Times are RFC 3339 UTC strings; a value that is
 * not known is null, never 0 or "".
 */

export interface NodeJson {
  id: string
  health: 'healthy' | 'degraded' | 'unhealthy' | 'unknown'
  health_reason: string
  status: 'provisioning' | 'active' | 'cordoned' | 'draining' | 'drained' | 'unhealthy' | 'terminated'
  pool: string
  provider: string
  region: string
  zone: string
  instance_type: string
  gpu_count: number
  gpus: GpuJson[]
  /** Newest first: the findings of this node, active ones first. */
  health_events: HealthEventJson[]
  last_heartbeat: string | null
  machine_id: string | null
  address: string | null
  /** What Slurm says; null without Slurm or before the first look. */
  slurm: { state: string; reason: string; partitions: string[]; jobs: string[]; seen_at: string } | null
  hold: { action: 'cordon' | 'drain'; reason: string; since: string } | null
  /** Operations that are not over. */
  operations: string[]
  agent_version: string
  created_at: string
  registered_at: string | null
  /** The original system's field names, with the values that its documents show. */
  node_id: string
  health_status: string
  metadata: {
    hostname: string
    internal_ip: string
    external_ip: string
    kernel_version: string
    labels: Record<string, string>
  }
}

export interface GpuJson {
  index: number
  uuid: string
  name: string
  pci_bus_id: string
  /** Bytes. */
  memory_total: number | null
  driver_version: string
  cuda_version: string
  /** Percent, of the last report. */
  utilization: number | null
  temperature_celsius: number | null
  power_watts: number | null
  memory_used: number | null
}

export interface HealthEventJson {
  id: string
  node: string
  source: string
  code: string
  xid: number | null
  class: string
  gpu_uuid: string | null
  gpu_index: number | null
  pci_bus_id: string | null
  message: string
  evidence: string
  at: string
  last_seen_at: string
  count: number
  /** Whether it still holds. */
  active: boolean
}

export interface PoolJson {
  name: string
  provider: string
  provider_type: string
  instance_type: string
  region: string
  /** null when none was found; a condition says which exist. */
  partition: string | null
  /** How new hosts get a name in Slurm. */
  naming: 'future' | 'cloud' | 'static' | 'dynamic' | 'none' | 'unknown'
  size: { min: number; max: number; wanted: number; ready: number; busy: number; provisioning: number }
  manual_size: number | null
  autoscaler: string
  /** `observe`: decisions are shown; `recommend`: they wait for approval; `act`: they are done. */
  mode: 'observe' | 'recommend' | 'act'
  nodes: string[]
  conditions: ConditionJson[]
}

export interface ConditionJson {
  type: string
  status: 'true' | 'false' | 'unknown'
  reason: string
  message: string
  since: string
}

export interface PoolExplanationJson {
  pool: string
  wanted: number
  reason: string
  /** How each autoscaler came to its number. */
  parts: { type: string; wanted: number | null; reason: string }[]
  jobs: { job: string; counted: boolean; nodes: number; state: string; reason: string }[]
  /** Pending reasons that are not in our table, and so were not counted. */
  unknown_reasons: string[]
  /** Age of the Slurm data, seconds; null when there is none. */
  data_age_seconds: number | null
}

export interface OperationJson {
  id: string
  kind: string
  pool: string
  node: string
  /** `waiting_for_approval`: proposed; nothing is done before a person approves it. */
  state: 'waiting_for_approval' | 'running' | 'waiting' | 'succeeded' | 'failed' | 'cancelled'
  /** What people said of it; null: it needed no approval. */
  approval: ApprovalJson | null
  step: string
  steps: OperationStepJson[]
  reason: string
  initiator: string
  created_at: string
  updated_at: string
}

export interface ApprovalJson {
  /** `withdrawn`: its cause was gone before anybody decided. */
  state: 'waiting' | 'approved' | 'rejected' | 'withdrawn'
  /** Who decided; null while nobody has, and where it was withdrawn. */
  by: string | null
  /** When it came to this state. */
  at: string
  /** Why it was rejected or withdrawn. */
  reason: string | null
}

export interface OperationStepJson {
  name: string
  state: 'pending' | 'running' | 'succeeded' | 'failed' | 'skipped'
  started_at: string | null
  finished_at: string | null
  attempts: number
  message: string
}

export interface EventJson {
  seq: number
  at: string
  /** e.g. "node-status", "finding", "operation-step", "pool-size". */
  type: string
  pool: string
  node: string
  operation: string
  message: string
}

export interface BootstrapLogJson {
  node: string
  pool: string
  started_at: string
  duration_ms: number
  ssh_wait_ms: number
  success: boolean
  error: string
  commands: { command: string; stdout: string; stderr: string; exit_code: number; duration_ms: number }[]
}

/** Every failing answer of the REST API. */
export interface ErrorJson {
  error: {
    code:
      | 'invalid'
      | 'not_found'
      | 'conflict'
      | 'unauthorized'
      | 'forbidden'
      | 'rate_limited'
      | 'unavailable'
      | 'internal'
    message: string
  }
}

export interface VersionJson {
  version: string
  store: string
  slurm: string | null
  /** What is not as it should be, in sentences. */
  conditions: string[]
}
