/** What a metric has one value for. */
export type MetricScope =
  | 'cluster'
  | 'pool'
  | 'node'
  | 'gpu'
  | 'partition'
  | 'job'
  | 'operation'
  | 'path'
  | 'database'
  | 'receiver'

export interface MetricDefinition {
  /** As it stands in a sentence, e.g. "GPU temperature". */
  title: string
  /** Behind the number; "" for counts that `title` names. */
  unit: string
  per: MetricScope
  /** Labels of its values, those of the node's place besides: pool, rack, switch. */
  labels: readonly string[]
  /** What it is, exactly. */
  description: string
  /** Where it comes from, and when it is unknown. */
  source: string
  /** A state that is a number, in words. */
  words?: Readonly<Record<number, string>>
}

const node = ['node', 'pool', 'rack', 'switch'] as const
const gpu = [...node, 'gpu'] as const

const heartbeat = "the agent's heartbeat; unknown when the node was not heard of within server.heartbeat_timeout"
const report = "the agent's reports, kept until the fault is gone, the machine restarted or was replaced"
const look = 'the shared look at Slurm; unknown while Slurm is not seen, or the look is older than five intervals'
const sdiag = 'sdiag in the shared look at Slurm; unknown without it'

/** Everything that an alert rule can be about. Unknown values never begin an alert, and never end one. */
export const alertMetrics = {
  gpu_utilization: {
    title: 'GPU utilization',
    unit: '%',
    per: 'gpu',
    labels: gpu,
    description: 'Share of time in which the GPU worked.',
    source: heartbeat,
  },
  gpu_memory_used: {
    title: 'GPU memory in use',
    unit: 'MiB',
    per: 'gpu',
    labels: gpu,
    description: 'Memory of the GPU that is in use.',
    source: heartbeat,
  },
  gpu_memory_percent: {
    title: 'GPU memory in use',
    unit: '%',
    per: 'gpu',
    labels: gpu,
    description: "Memory in use of the GPU's memory; unknown where the GPU does not tell its size.",
    source: heartbeat,
  },
  gpu_temperature: {
    title: 'GPU temperature',
    unit: '°C',
    per: 'gpu',
    labels: gpu,
    description: 'Temperature of the GPU.',
    source: heartbeat,
  },
  gpu_power: {
    title: 'GPU power',
    unit: 'W',
    per: 'gpu',
    labels: gpu,
    description: 'Power that the GPU draws.',
    source: heartbeat,
  },
  xid: {
    title: 'XID',
    unit: '',
    per: 'gpu',
    labels: [...gpu, 'xid'],
    description: "An active XID's code. Compare with eq; there is a value for each code of each GPU.",
    source: report,
  },
  gpu_ecc_uncorrected: {
    title: 'uncorrected ECC faults',
    unit: '',
    per: 'gpu',
    labels: gpu,
    description: 'Active findings of uncorrected memory errors, by nvidia-smi or as XID 48, 94 and 95.',
    source: report,
  },
  finding: {
    title: 'sightings',
    unit: '',
    per: 'gpu',
    labels: [...gpu, 'code', 'class'],
    description: 'How often an active finding was seen. There is a value for each code of each GPU or node.',
    source: report,
  },
  node_health: {
    title: 'health',
    unit: '',
    per: 'node',
    labels: node,
    description: '0 is healthy, 1 degraded, 2 unhealthy.',
    source: "what the node's reports say; unknown for a node that is silent",
    words: { 0: 'healthy', 1: 'degraded', 2: 'unhealthy' },
  },
  node_silent_seconds: {
    title: 'time without a heartbeat',
    unit: 's',
    per: 'node',
    labels: node,
    description: 'Time since the agent was last heard, of nodes that have registered.',
    source:
      'heartbeats; after a start of the control plane unknown until the node is heard, or server.heartbeat_timeout has passed',
  },
  node_out_of_service_seconds: {
    title: 'time out of service',
    unit: 's',
    per: 'node',
    labels: [...node, 'owner'],
    description:
      'Time since the node was drained or cordoned, whoever did it (owner: navarch, person, slurm); 0 in service.',
    source: `${look}; without Slurm, what Navarch was asked to do`,
  },
  node_unattended: {
    title: 'unattended',
    unit: '',
    per: 'node',
    labels: node,
    description: '1 for an unhealthy node without an open operation and without a person who holds it, else 0.',
    source: 'the fleet; unknown for a node that is silent',
    words: { 0: 'attended', 1: 'faulty and unattended' },
  },
  node_slurm_down: {
    title: 'down in Slurm',
    unit: '',
    per: 'node',
    labels: node,
    description: '1 where Slurm has the node down or not responding, else 0. Powered-down and FUTURE names have none.',
    source: look,
    words: { 0: 'up in Slurm', 1: 'down in Slurm' },
  },
  node_cpu_percent: {
    title: 'CPU use',
    unit: '%',
    per: 'node',
    labels: node,
    description: "Use of the node's CPUs.",
    source: heartbeat,
  },
  node_memory_percent: {
    title: 'memory use',
    unit: '%',
    per: 'node',
    labels: node,
    description: "Use of the node's memory.",
    source: heartbeat,
  },
  nodes_available_percent: {
    title: 'nodes in service',
    unit: '%',
    per: 'cluster',
    labels: [],
    description: 'Share of nodes that take work or do it, of all that are not being made, powered down or given up.',
    source: look,
  },
  cluster_free_percent: {
    title: 'free GPUs',
    unit: '%',
    per: 'cluster',
    labels: [],
    description:
      'GPUs of nodes in service that no job has, of all GPUs of nodes in service; nodes where there are no GPUs.',
    source: look,
  },
  slurm_up: {
    title: 'Slurm',
    unit: '',
    per: 'cluster',
    labels: [],
    description: '1 when the last look at slurmctld succeeded, else 0.',
    source: 'the shared look; unknown before the first one and without Slurm',
    words: { 0: 'not answering', 1: 'up' },
  },
  slurm_stale_seconds: {
    title: 'age of what is known of Slurm',
    unit: 's',
    per: 'cluster',
    labels: [],
    description: 'Time since the newest look at Slurm.',
    source: 'the shared look; unknown before the first one and without Slurm',
  },
  slurm_availability_percent: {
    title: 'slurmctld answered',
    unit: '%',
    per: 'cluster',
    labels: [],
    description: 'Share of looks of the last 30 days that slurmctld answered; unknown until they span a day.',
    source: 'the shared look; the time in which Navarch did not run does not count',
  },
  slurm_read_problems: {
    title: 'records of Slurm that could not be read',
    unit: '',
    per: 'cluster',
    labels: [],
    description: 'Records of the newest look that could not be read and were left out.',
    source: look,
  },
  slurm_cpus_alloc: {
    title: 'allocated CPUs',
    unit: '',
    per: 'cluster',
    labels: [],
    description: 'CPUs that jobs have.',
    source: look,
  },
  slurm_nodes_in_service: {
    title: 'nodes in service',
    unit: '',
    per: 'cluster',
    labels: [],
    description: 'Nodes that Slurm can give work, busy ones too.',
    source: look,
  },
  slurm_nodes_free_for_pending: {
    title: 'idle and mixed nodes',
    unit: '',
    per: 'cluster',
    labels: [],
    description: 'Nodes with room (idle or mixed) while jobs wait for nodes. There is no value while none waits.',
    source: look,
  },
  slurm_queue_pending: {
    title: 'pending jobs',
    unit: '',
    per: 'cluster',
    labels: [],
    description: 'Jobs that wait; tasks of an array count each.',
    source: look,
  },
  slurm_queue_running: {
    title: 'running jobs',
    unit: '',
    per: 'cluster',
    labels: [],
    description: 'Jobs that run.',
    source: look,
  },
  queue_pending_jobs: {
    title: 'pending jobs',
    unit: '',
    per: 'partition',
    labels: ['partition', 'reason'],
    description: "Jobs that wait, by partition and Slurm's reason.",
    source: look,
  },
  queue_stuck_jobs: {
    title: "jobs that cannot start without somebody's act",
    unit: '',
    per: 'partition',
    labels: ['partition'],
    description:
      'Jobs whose reason says that waiting alone does not help, such as DependencyNeverSatisfied or BadConstraints.',
    source: look,
  },
  job_wait_seconds: {
    title: 'longest wait for nodes',
    unit: 's',
    per: 'partition',
    labels: ['partition'],
    description: 'Time since submission of the job that has waited longest for resources or by its priority.',
    source: look,
  },
  job_idle_gpus: {
    title: 'GPUs held and not used',
    unit: '',
    per: 'job',
    labels: ['job', 'user', 'account', 'partition'],
    description: 'GPUs of a running job that have been at 0 % for ten minutes or longer.',
    source: "agents' readings of jobs; jobs without them have no value",
  },
  slurm_server_threads: {
    title: 'slurmctld threads',
    unit: '',
    per: 'cluster',
    labels: [],
    description:
      'Threads of slurmctld that work on RPCs; it has at most 256. Since 24.11 a few threads have them all, and the number stays small.',
    source: sdiag,
  },
  slurm_agent_queue: {
    title: 'slurmctld agent queue',
    unit: '',
    per: 'cluster',
    labels: [],
    description: 'Messages that slurmctld has still to send to nodes.',
    source: sdiag,
  },
  slurm_dbd_agent_queue: {
    title: 'slurmdbd backlog',
    unit: '',
    per: 'cluster',
    labels: [],
    description: 'Records that slurmctld holds because slurmdbd does not take them.',
    source: sdiag,
  },
  slurm_cycle_ms: {
    title: 'scheduling cycle',
    unit: 'ms',
    per: 'cluster',
    labels: [],
    description:
      "Mean time of the main scheduler's cycles since its counters began: at midnight UTC, or with sdiag --reset.",
    source: sdiag,
  },
  pool_missing_nodes: {
    title: 'nodes missing',
    unit: '',
    per: 'pool',
    labels: ['pool'],
    description: 'Nodes that the pool wants and that are not in service.',
    source: "the pool's size as it is decided; unknown while Slurm is not seen",
  },
  pool_condition: {
    title: 'condition',
    unit: '',
    per: 'pool',
    labels: ['pool', 'condition'],
    description: '1 where a condition of the pool says that something is wrong, else 0.',
    source: "the pool's conditions",
    words: { 0: 'good', 1: 'not good' },
  },
  operation_failed: {
    title: 'operation failed',
    unit: '',
    per: 'operation',
    labels: [...node, 'operation', 'kind'],
    description:
      '1 for an operation that failed, until a later one of its node does or undoes the same; one that was to give a node up, until the node is gone.',
    source: 'the fleet, of the last seven days',
    words: { 1: 'operation failed' },
  },
  operation_step_seconds: {
    title: 'time in this step',
    unit: 's',
    per: 'operation',
    labels: [...node, 'operation', 'kind', 'step'],
    description:
      'Time since the current step of an open operation began. Waiting for jobs, or for approval, is not among them.',
    source: 'the fleet',
  },
  operation_waiting_seconds: {
    title: 'time waiting for jobs',
    unit: 's',
    per: 'operation',
    labels: [...node, 'operation', 'kind'],
    description: 'Time for which an open operation has waited for the jobs of its node to end.',
    source: 'the fleet',
  },
  operation_approval_seconds: {
    title: 'time waiting for approval',
    unit: 's',
    per: 'operation',
    labels: [...node, 'operation', 'kind'],
    description: 'Time for which an operation of a pool with mode recommend has waited for a person.',
    source: 'the fleet',
  },
  volume_used_percent: {
    title: 'volume in use',
    unit: '%',
    per: 'path',
    labels: ['path'],
    description: "Use of the file system of Navarch's data directory and of `alerts.volumes`, as df counts it.",
    source:
      'stat on the machine of the control plane; unknown when it does not answer in 5 s, and of what has no blocks, such as /proc',
  },
  database_connections_percent: {
    title: 'database connections',
    unit: '%',
    per: 'database',
    labels: ['database'],
    description:
      'Connections of the most that the database takes: of PostgreSQL where Navarch uses it, and of `alerts.databases`.',
    source: 'pg_stat_activity and max_connections; the command of `alerts.databases`',
  },
  receiver_failures: {
    title: 'failed deliveries in a row',
    unit: '',
    per: 'receiver',
    labels: ['receiver'],
    description: 'Tries in a row in which a receiver of alerts did not take a message.',
    source: 'the notifier; unknown before the first try after a start',
  },
  own_problems: {
    title: "conditions of Navarch's own",
    unit: '',
    per: 'cluster',
    labels: [],
    description: 'Things that Navarch itself reports as not as they should be, as in `navarch version`.',
    source: 'the control plane',
  },
} as const satisfies Record<string, MetricDefinition>

export type MetricName = keyof typeof alertMetrics
export const metricNames = Object.keys(alertMetrics) as MetricName[]

export function metricDefinition(name: MetricName): MetricDefinition {
  return alertMetrics[name]
}

/** Labels that an alert can have, whatever it is about. */
export const alertLabels: readonly string[] = [
  ...new Set(metricNames.flatMap((name): readonly string[] => alertMetrics[name].labels)),
].sort()

/** Whether its values are about nodes, so that a node filter means something. */
export function isAboutNodes(name: MetricName): boolean {
  return metricDefinition(name).labels.includes('node')
}
