/**
 * The JSON of the routes that the dashboard reads: the same data as the rest of the API, put together for one look.
 * Times are RFC 3339 UTC strings, a value that is not known is null, and each answer says how old it is.
 *
 * | method and path | query | answer |
 * |---|---|---|
 * | GET /api/v1/overview | | OverviewJson |
 * | GET /api/v1/activity | hours (24), pool, node | ActivityJson[], newest first, alike things folded |
 * | GET /api/v1/fleet | | FleetJson |
 * | GET /api/v1/fleet/live | after=revision | server-sent events: `fleet` FleetDeltaJson (FleetJson where what came after the revision is not known), `event` EventJson, `freshness` FreshnessJson |
 * | GET /api/v1/nodes/:id/story | hours (24) | NodeStoryJson |
 * | GET /api/v1/pools/:name/history | hours (24) | PoolHistoryJson |
 * | GET /api/v1/history | hours (24) | FleetHistoryJson |
 * | GET /api/v1/queue | partition, user, account, reason | QueueJson |
 * | GET /api/v1/slurm | | SlurmViewJson |
 * | GET /api/v1/search | q, limit (20) | SearchHitJson[] |
 */
export const viewRoutes = {
  overview: '/api/v1/overview',
  activity: '/api/v1/activity',
  fleet: '/api/v1/fleet',
  fleetLive: '/api/v1/fleet/live',
  nodeStory: '/api/v1/nodes/:id/story',
  poolHistory: '/api/v1/pools/:name/history',
  history: '/api/v1/history',
  queue: '/api/v1/queue',
  slurm: '/api/v1/slurm',
  search: '/api/v1/search',
} as const

/** How new what is shown is. */
export interface FreshnessJson {
  /** The newest look at Slurm; null before the first, and without Slurm. */
  slurm_at: string | null
  /** Seconds between two looks; null without Slurm. */
  slurm_every: number | null
  /** Why Slurm is not seen, in a sentence; null when it is. */
  slurm_problem: string | null
  /** The server's clock. */
  now: string
}

/** Good, something mends itself, or a person must act. `unknown`: what is needed to say so is not there. */
export type Mood = 'good' | 'mending' | 'act' | 'unknown'

export interface OverviewJson {
  mood: Mood
  /** The answer in words: "2 of 64 nodes are drained by Navarch; both come back without you." */
  sentence: string
  /** What a person must do, the most urgent first; empty is good. */
  todo: { text: string; link: string; operation: string | null; alert: string | null }[]
  nodes: Record<NodeCellState, number>
  gpus: { total: number; busy: number; idle: number; broken: number; coming: number; unknown: number }
  cpus: { total: number; allocated: number; idle: number; other: number } | null
  queue: QueueSummaryJson | null
  jobs_running: number | null
  /** Completed in the last hour, by partition; null without Slurm. */
  throughput: { partition: string; completed: number }[] | null
  alerts: { critical: number; warning: number; info: number }
  operations: { running: number; waiting: number; failed: number; to_approve: string[] }
  freshness: FreshnessJson
}

/** The queue in one bar. Tasks of an array count each. */
export interface QueueSummaryJson {
  pending: number
  /** `kind` says why jobs wait; "stuck" ones cannot start without somebody's act. */
  by_reason: { kind: QueueReasonKind; label: string; jobs: number }[]
}
export type QueueReasonKind =
  | 'resources'
  | 'priority'
  | 'dependency'
  | 'limit'
  | 'begin-time'
  | 'held'
  | 'starting'
  | 'stuck'
  | 'other'

/** One line of what happened. */
export interface ActivityJson {
  id: string
  /** Newest of what was folded. */
  at: string
  since: string
  kind: 'fault' | 'drain' | 'return' | 'replacement' | 'scaling' | 'person' | 'alert' | 'slurm' | 'other'
  severity: 'info' | 'warning' | 'critical'
  /** e.g. "XID 48 on 3 nodes of rack r7" */
  text: string
  count: number
  nodes: string[]
  pools: string[]
  operations: string[]
}

/**
 * What a cell of the grid shows. `mixed`: some of its GPUs (or CPUs) are taken. `reserved` holds maintenance too. `unknown`: nobody
 * has heard of it for too long.
 */
export type NodeCellState =
  | 'busy'
  | 'mixed'
  | 'idle'
  | 'reserved'
  | 'powering'
  | 'draining'
  | 'drained'
  | 'down'
  | 'unknown'

/** A node as the grid has it. Percentages are whole; means over its GPUs unless said otherwise. */
export interface FleetNodeJson {
  id: string
  pool: string
  partitions: string[]
  /** From the node's labels `rack`, `switch`, or Slurm's topology; "" where nobody says. */
  rack: string
  switch: string
  /** Instance type or Slurm's feature list's first word. */
  type: string
  /** e.g. "h100" */
  gpu_type: string
  gpus: number
  state: NodeCellState
  /** Whose doing a drain or cordon is; "" where there is none. */
  owner: '' | 'navarch' | 'person' | 'slurm'
  health: 'healthy' | 'degraded' | 'unhealthy' | 'unknown'
  /** GPUs that jobs have; null when Slurm does not say. */
  gpus_used: number | null
  gpu_percent: number | null
  gpu_memory_percent: number | null
  /** The hottest GPU, Celsius. */
  temperature: number | null
  /** Watts, all GPUs. */
  power: number | null
  cpu_percent: number | null
  memory_percent: number | null
  jobs: string[]
  users: string[]
  /** XIDs that are active. */
  xids: number[]
  /** Why its state or health is not good, or "". */
  reason: string
  /** The open operation that has it in hand, or "". */
  operation: string
  /** When the state began, or when it was first seen so. */
  since: string | null
  /** When the agent was last heard, to the minute (rounded down); null: it has none, or never. */
  seen_at: string | null
}

export interface FleetJson {
  revision: number
  nodes: FleetNodeJson[]
  freshness: FreshnessJson
}

/** What changed since a revision. Rows are whole; apply them by id. */
export interface FleetDeltaJson {
  revision: number
  changed: FleetNodeJson[]
  removed: string[]
}

/** A node's page. */
export interface NodeStoryJson {
  node: string
  mood: Mood
  /** What is the case, why, and what comes next: at most three. */
  sentences: string[]
  /** Faults, newest first. */
  findings: FindingStoryJson[]
  /** Lanes over time, on one axis from `from` to `to`. Gaps are times of which nothing is known. */
  from: string
  to: string
  lanes: { lane: string; spans: { from: string; to: string; state: string; text: string; link: string }[] }[]
  gpus: GpuHistoryJson[]
  jobs: { id: string; run_id: string; user: string; state: string; start: string; end: string | null; gpus: number }[]
}

export interface FindingStoryJson {
  id: string
  at: string
  last_seen_at: string
  count: number
  active: boolean
  gpu_index: number | null
  gpu_uuid: string | null
  /** e.g. "XID 79" */
  title: string
  /** What it means, in a sentence of the catalogue. */
  meaning: string
  /** Whose fault it usually is. */
  blame: 'hardware' | 'driver' | 'application' | 'unknown'
  /** The line that says so. */
  evidence: string
  /** What was done about it and when, oldest first. */
  done: { at: string; text: string; operation: string }[]
  /** What comes next, or "". */
  next: string
}

/** The last hour of a GPU, one value a minute; null is not known. */
export interface GpuHistoryJson {
  index: number
  uuid: string
  name: string
  memory_total: number | null
  memory_used: number | null
  utilization: number | null
  temperature: number | null
  power: number | null
  ecc: { corrected: number | null; uncorrected: number | null }
  remapped: { rows: number | null; pending: boolean | null; failed: boolean | null }
  xids: number[]
  job: string
  user: string
  /** ms since the epoch of the first value. */
  history_from: number
  utilization_history: (number | null)[]
  temperature_history: (number | null)[]
}

/** A pool's size over time, as steps: each point holds until the next. `at` in ms since the epoch. */
export interface PoolHistoryJson {
  pool: string
  points: {
    at: number
    wanted: number | null
    /** These two: null where Slurm was not seen. */
    ready: number | null
    busy: number | null
    provisioning: number | null
    min: number | null
    max: number | null
    pending_jobs: number | null
    /** Nothing was recorded until the next point: all is null. Absent where something was. */
    gap?: true
  }[]
  decisions: { at: string; text: string }[]
}

/** The fleet over time; null where nothing was known. `at` in ms since the epoch. */
export interface FleetHistoryJson {
  points: {
    at: number
    gpus_busy: number | null
    gpus_idle: number | null
    gpus_broken: number | null
    gpus_coming: number | null
    jobs_pending: number | null
    jobs_running: number | null
    /** Percent, mean of all GPUs that were heard of. */
    gpu_percent: number | null
  }[]
}

export interface QueueJson {
  /** null: Slurm is not seen; `freshness` says why. */
  summary: QueueSummaryJson | null
  jobs: PendingJobJson[]
  /** How many there are; `jobs` holds the first 500 by priority. null: not known. */
  total: number | null
  freshness: FreshnessJson
}

export interface PendingJobJson {
  id: string
  name: string
  user: string
  account: string
  partition: string
  qos: string
  priority: number
  /** Tasks of an array that wait. */
  tasks: number
  nodes: number
  gpus: number
  cpus: number
  /** null: it has none (`unlimited`), or Slurm does not say. */
  time_limit_seconds: number | null
  /** Whether Slurm says that it may run without an end. */
  unlimited: boolean
  submitted_at: string | null
  waiting_seconds: number | null
  /** Slurm's own word. */
  reason: string
  kind: QueueReasonKind
  /** The reason in plain words. */
  why: string
  /** What would make it start. */
  remedy: string
  /** Slurm's estimate; null when it has none. */
  expected_start: string | null
  /** Whether a pool grows for it, and what it waits for. */
  pool: string
  pool_note: string
}

export interface SlurmViewJson {
  cluster: string
  version: string | null
  up: boolean
  sentence: string
  mood: Mood
  controllers: { host: string; role: 'primary' | 'backup' | 'unknown'; state: 'up' | 'down' | 'unknown' }[]
  freshness: FreshnessJson
  /** Since the counters began; null when sdiag is not there. */
  diag: {
    since: string
    server_threads: number
    agent_queue: number
    dbd_agent_queue: number
    last_cycle_ms: number | null
    mean_cycle_ms: number | null
    last_backfill_ms: number | null
    queue_length: number | null
    jobs: { submitted: number; started: number; completed: number; cancelled: number; failed: number }
    rpc_by_type: RpcJson[]
    rpc_by_user: RpcJson[]
    /** Percent of slurmctld's RPC time that is ours. */
    own_share_percent: number | null
  } | null
  partitions: {
    name: string
    state: string
    nodes: number
    nodes_idle: number
    gpus: number
    /** null where Slurm does not say it of each of its nodes. */
    gpus_used: number | null
    pending: number
    running: number
    completed_last_hour: number
  }[]
  /** What our last look cost, by command. */
  costs: { command: string; ms: number; bytes: number }[]
  problems: string[]
}

export interface RpcJson {
  name: string
  count: number
  mean_ms: number
  total_ms: number
}

export interface SearchHitJson {
  kind: 'node' | 'job' | 'user' | 'pool' | 'operation' | 'partition'
  id: string
  text: string
  link: string
}
