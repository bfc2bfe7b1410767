import type { MetricName } from './alert-metrics.ts'
import { type AlertRule, type Condition, defaultResolveAfter, type Severity } from './alert-rule.ts'

const minute = 60_000

interface Short {
  name: string
  metric: MetricName
  is: readonly [Condition, number]
  forMs?: number
  resolveAfterMs?: number
  labels?: Record<string, string>
  severity: Severity
  meaning: string
  action: string
  inhibitedBy?: readonly string[]
}

const slurmRules: readonly Short[] = [
  {
    name: 'SlurmControllerDown',
    metric: 'slurm_up',
    is: ['eq', 0],
    forMs: 5 * minute,
    severity: 'critical',
    meaning: 'slurmctld has not answered any look: no job starts, and Navarch neither drains nor resumes.',
    action:
      'See whether slurmctld runs and this machine reaches it: "scontrol ping", its log, munge on both sides. Jobs that run go on.',
  },
  {
    name: 'SlurmDataStale',
    metric: 'slurm_stale_seconds',
    is: ['gt', 300],
    severity: 'warning',
    meaning: 'What Navarch knows of Slurm is old, so it sizes no pool by it.',
    action: 'See "navarch version" for the last error; slurmctld may be overloaded (sdiag) or not reachable.',
    inhibitedBy: ['SlurmControllerDown'],
  },
  {
    name: 'SlurmControllerUptimeLow',
    metric: 'slurm_availability_percent',
    is: ['lt', 99.9],
    severity: 'warning',
    meaning: 'Of the looks of the last 30 days slurmctld answered fewer than 99.9 %.',
    action: "Look for crashes in slurmctld's log, and for long scheduling cycles in sdiag.",
    inhibitedBy: ['SlurmControllerDown'],
  },
  {
    name: 'SlurmNoNodeInService',
    metric: 'slurm_nodes_in_service',
    is: ['lt', 1],
    forMs: 10 * minute,
    severity: 'critical',
    meaning: 'Slurm has no node that takes work.',
    action: 'See the reasons with "sinfo -R", and "navarch pool get" for pools that cannot grow.',
    inhibitedBy: ['SlurmControllerDown'],
  },
  {
    name: 'SlurmNodesUnavailable',
    metric: 'slurm_nodes_free_for_pending',
    is: ['lt', 1],
    forMs: 10 * minute,
    severity: 'warning',
    meaning: 'No node is idle or mixed, and jobs wait for nodes.',
    action: 'Pools at their maximum say so in "navarch pool get"; else see drained nodes with "sinfo -R".',
    inhibitedBy: ['SlurmNoNodeInService', 'SlurmControllerDown'],
  },
  {
    name: 'NodeAvailabilityLow',
    metric: 'nodes_available_percent',
    is: ['lt', 90],
    forMs: 10 * minute,
    severity: 'warning',
    meaning: 'More than a tenth of the nodes are out of service.',
    action: 'See why with "navarch list" and "sinfo -R"; many of one rack or switch point at that.',
    inhibitedBy: ['SlurmNoNodeInService'],
  },
  {
    name: 'CapacityLow',
    metric: 'cluster_free_percent',
    is: ['lt', 10],
    forMs: 30 * minute,
    severity: 'info',
    meaning: 'Less than a tenth of the capacity in service is free.',
    action: 'Nothing, where this is meant; else raise max_nodes of the pools or look at "navarch jobs --waste".',
    inhibitedBy: ['SlurmNoNodeInService'],
  },
  {
    name: 'JobWaitTimeLong',
    metric: 'job_wait_seconds',
    is: ['gt', 3600],
    forMs: 5 * minute,
    severity: 'warning',
    meaning: 'A job has waited for nodes for more than an hour.',
    action:
      'See "navarch pool explain" for why the pool does not grow; else scale it up, or review QOS and priorities.',
  },
  {
    name: 'QueueStuck',
    metric: 'queue_stuck_jobs',
    is: ['gte', 1],
    forMs: 30 * minute,
    severity: 'info',
    meaning: "Jobs wait that will never start without somebody's act.",
    action: 'Tell their users, or release, change or cancel them: the reasons are in "squeue -t PD -o %r".',
  },
  {
    name: 'SlurmControllerBusy',
    metric: 'slurm_server_threads',
    is: ['gt', 200],
    forMs: 5 * minute,
    severity: 'warning',
    meaning: 'slurmctld works on almost as many RPCs as it takes (256): commands hang.',
    action: 'Find who asks with "sdiag" (RPC statistics by user), often a loop around squeue.',
  },
  {
    name: 'SlurmAgentQueueLong',
    metric: 'slurm_agent_queue',
    is: ['gt', 1000],
    forMs: 10 * minute,
    severity: 'warning',
    meaning: 'slurmctld has many messages to nodes that it does not get rid of.',
    action: 'Look for nodes that do not respond: "sinfo -N -t down,no_respond".',
  },
  {
    name: 'SlurmDatabaseBacklog',
    metric: 'slurm_dbd_agent_queue',
    is: ['gt', 1000],
    forMs: 10 * minute,
    severity: 'warning',
    meaning: 'slurmdbd does not take accounting records; slurmctld keeps them until MaxDBDMsgs and then loses them.',
    action: 'See whether slurmdbd and its database run: "sacctmgr ping", "systemctl status slurmdbd".',
  },
  {
    name: 'SlurmSchedulerSlow',
    metric: 'slurm_cycle_ms',
    is: ['gt', 10_000],
    forMs: 10 * minute,
    severity: 'warning',
    meaning: 'A scheduling cycle takes more than 10 s on average: jobs start late.',
    action: 'See sdiag; SchedulerParameters such as default_queue_depth and bf_max_job_test bound the work.',
  },
  {
    name: 'SlurmRecordsUnreadable',
    metric: 'slurm_read_problems',
    is: ['gte', 1],
    forMs: 5 * minute,
    severity: 'warning',
    meaning: 'Records of Slurm could not be read and are left out of what Navarch decides by.',
    action: 'The log of the control plane has the first of them; a new version of Slurm may print something new.',
  },
]

const nodeRules: readonly Short[] = [
  {
    name: 'GpuHot',
    metric: 'gpu_temperature',
    is: ['gt', 83],
    forMs: 5 * minute,
    severity: 'warning',
    meaning: 'A GPU is close to the temperature at which it slows down.',
    action: 'Check air flow, fans and the room; several in one rack point at its cooling.',
    inhibitedBy: ['NodeSilent'],
  },
  {
    name: 'GpuFellOffBus',
    metric: 'xid',
    is: ['eq', 79],
    severity: 'critical',
    meaning: 'XID 79: the GPU does not answer on PCIe any more; jobs on it are lost.',
    action:
      'Navarch drains the node and replaces the machine where it may. Else power-cycle it; if it comes back, the GPU or its riser is broken.',
  },
  {
    name: 'GpuEccUncorrected',
    metric: 'gpu_ecc_uncorrected',
    is: ['gte', 1],
    severity: 'warning',
    meaning: 'A GPU had a memory error that could not be corrected; the job that had it may have wrong results.',
    action:
      'Navarch drains where the fault asks for it. See the finding with "navarch get"; a row that cannot be remapped needs a new GPU.',
  },
  {
    name: 'NodeUnhealthy',
    metric: 'node_health',
    is: ['gte', 2],
    forMs: minute,
    severity: 'warning',
    meaning: 'A node is faulty.',
    action: 'Where an operation is at it, nothing: Navarch drains and replaces. Else see "navarch get" for the fault.',
    inhibitedBy: ['GpuFellOffBus', 'NodeSilent'],
  },
  {
    name: 'NodeUnattended',
    metric: 'node_unattended',
    is: ['gte', 1],
    forMs: 10 * minute,
    severity: 'warning',
    meaning: 'A node has been faulty for ten minutes, and neither Navarch nor a person is at it.',
    action:
      'See "navarch get" for why: a failed operation, a machine that Navarch does not own, or auto_replace off. Repair it, or drain it with a reason.',
  },
  {
    name: 'NodeSilent',
    metric: 'node_silent_seconds',
    is: ['gt', 300],
    severity: 'critical',
    meaning: "A node's agent has not been heard for five minutes: its health is unknown.",
    action:
      'See whether the host answers; then "systemctl status navarch-node" there. Many at once point at the network, or at this machine.',
  },
  {
    name: 'NodeDownInSlurm',
    metric: 'node_slurm_down',
    is: ['gte', 1],
    forMs: 5 * minute,
    severity: 'warning',
    meaning: 'Slurm has the node down or gets no answer from slurmd.',
    action: 'See the reason with "scontrol show node"; then slurmd\'s log on the host.',
    inhibitedBy: ['NodeSilent', 'SlurmControllerDown'],
  },
  {
    name: 'NodeOutOfServiceLong',
    metric: 'node_out_of_service_seconds',
    is: ['gt', 86_400],
    severity: 'info',
    meaning: 'A node has been drained or cordoned for more than a day.',
    action: 'Finish what it was taken out for, or give it back with "navarch uncordon".',
  },
]

const ownRules: readonly Short[] = [
  {
    name: 'PoolBelowWanted',
    metric: 'pool_missing_nodes',
    is: ['gte', 1],
    forMs: 30 * minute,
    severity: 'warning',
    meaning: 'A pool has had fewer nodes in service than it wants for half an hour.',
    action: 'See "navarch pool get" for its conditions and "navarch operation list" for what is being made.',
  },
  {
    name: 'PoolCondition',
    metric: 'pool_condition',
    is: ['gte', 1],
    forMs: 10 * minute,
    severity: 'warning',
    meaning: 'A pool cannot work as it is configured.',
    action: 'The condition names the remedy: "navarch pool get".',
    inhibitedBy: ['SlurmControllerDown'],
  },
  {
    name: 'OperationFailed',
    metric: 'operation_failed',
    is: ['gte', 1],
    severity: 'warning',
    meaning: 'An operation of Navarch came to its end without success and needs a person.',
    action: 'See its step with "navarch operation get"; then "navarch operation retry", or finish by hand.',
  },
  {
    name: 'OperationStuck',
    metric: 'operation_step_seconds',
    is: ['gt', 3600],
    severity: 'warning',
    meaning: 'A step of an operation has taken more than an hour.',
    action: 'See what it waits for with "navarch operation get"; "navarch operation cancel" ends it safely.',
  },
  {
    name: 'OperationWaitsForJobs',
    metric: 'operation_waiting_seconds',
    is: ['gt', 2 * 86_400],
    severity: 'info',
    meaning: 'A drained node has waited for its jobs for two days.',
    action: "Nothing, where the jobs' limits are long; else talk to their users. Navarch ends no job.",
  },
  {
    name: 'OperationWaitsForApproval',
    metric: 'operation_approval_seconds',
    is: ['gt', 900],
    severity: 'info',
    meaning: 'Navarch recommends something and waits for a person to say yes or no.',
    action: 'See it with "navarch operation get", then approve or reject it.',
  },
  {
    name: 'GpusHeldIdle',
    metric: 'job_idle_gpus',
    is: ['gte', 1],
    forMs: 30 * minute,
    severity: 'info',
    meaning: 'A job holds GPUs that it does not use.',
    action: 'Tell its user: "navarch job" says how it used what it has, and the sbatch option to change.',
  },
  {
    name: 'VolumeUsageHigh',
    metric: 'volume_used_percent',
    is: ['gt', 80],
    forMs: 5 * minute,
    severity: 'warning',
    meaning: 'A volume is more than 80 % full.',
    action: 'Make room or expand it; jobs.retention says how much Navarch keeps.',
    inhibitedBy: ['VolumeAlmostFull'],
  },
  {
    name: 'VolumeAlmostFull',
    metric: 'volume_used_percent',
    is: ['gt', 95],
    forMs: minute,
    severity: 'critical',
    meaning: 'A volume is almost full: databases on it stop.',
    action: 'Make room or expand it now.',
  },
  {
    name: 'DatabaseConnectionsHigh',
    metric: 'database_connections_percent',
    is: ['gt', 80],
    forMs: 5 * minute,
    severity: 'warning',
    meaning: 'A database has given out more than 80 % of its connections.',
    action: 'Find who holds them (pg_stat_activity, SHOW PROCESSLIST), or raise max_connections.',
  },
  {
    name: 'AlertReceiverFailing',
    metric: 'receiver_failures',
    is: ['gte', 5],
    severity: 'warning',
    meaning: 'A receiver of alerts does not take messages; they wait.',
    action: 'See "navarch alert receivers" for its error and try it with "navarch alert test".',
  },
  {
    name: 'NavarchCondition',
    metric: 'own_problems',
    is: ['gte', 1],
    forMs: 10 * minute,
    severity: 'info',
    meaning: 'Something about Navarch itself is not as it should be.',
    action: 'See "navarch version": each condition names its remedy.',
  },
]

/** The rules that hold where nobody says otherwise. */
export const defaultRules: readonly AlertRule[] = [...nodeRules, ...slurmRules, ...ownRules].map(
  ({ is: [condition, threshold], forMs = 0, labels = {}, inhibitedBy = [], ...rule }) => ({
    ...rule,
    id: `default-${rule.name}`,
    condition,
    threshold,
    forMs,
    resolveAfterMs: rule.resolveAfterMs ?? defaultResolveAfter(forMs),
    labels,
    inhibitedBy,
    enabled: true,
    source: 'default',
  }),
)
