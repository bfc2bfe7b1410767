/** Base states and those flags that Slurm shows instead of them, 21.08 to 26.05. */
export const jobStates = [
  'PENDING',
  'RUNNING',
  'SUSPENDED',
  'COMPLETED',
  'CANCELLED',
  'FAILED',
  'TIMEOUT',
  'NODE_FAIL',
  'PREEMPTED',
  'BOOT_FAIL',
  'DEADLINE',
  'OUT_OF_MEMORY',
  'COMPLETING',
  'CONFIGURING',
  'POWER_UP_NODE',
  'RESV_DEL_HOLD',
  'REQUEUE_FED',
  'REQUEUE_HOLD',
  'REQUEUED',
  'RESIZING',
  'REVOKED',
  'SIGNALING',
  'SPECIAL_EXIT',
  'STAGE_OUT',
  'STOPPED',
  'EXPEDITING',
] as const

/** The word that squeue shows; `UNKNOWN` for one that a newer Slurm invented. */
export type JobState = (typeof jobStates)[number] | 'UNKNOWN'

/** Flags that hide the base state, in the order in which Slurm asks for them (job_state_string). */
const shownFirst: readonly JobState[] = [
  'COMPLETING',
  'STAGE_OUT',
  'CONFIGURING',
  'POWER_UP_NODE',
  'RESIZING',
  'REQUEUED',
  'REQUEUE_FED',
  'REQUEUE_HOLD',
  'SPECIAL_EXIT',
  'STOPPED',
  'REVOKED',
  'RESV_DEL_HOLD',
  'SIGNALING',
]

/**
 * Reads a state: the word that squeue and scontrol print (`CANCELLED by 1000` is CANCELLED),
 * or JSON's array of a base state with flags, of which the word that squeue would show is taken.
 */
export function parseJobState(text: string | readonly string[]): JobState {
  const words = typeof text === 'string' ? [text.trim().split(/[ +]/)[0] ?? ''] : text
  const known = words.map((word) => jobStates.find((state) => state === word.toUpperCase()) ?? 'UNKNOWN')
  return shownFirst.find((state) => known.includes(state)) ?? known[0] ?? 'UNKNOWN'
}

/** Whether the job holds nodes: running, suspended, starting or ending. */
export function hasAllocation(state: JobState): boolean {
  return [
    'RUNNING',
    'SUSPENDED',
    'COMPLETING',
    'CONFIGURING',
    'POWER_UP_NODE',
    'STAGE_OUT',
    'STOPPED',
    'SIGNALING',
    'RESIZING',
  ].includes(state)
}

/** Whether the job is over and holds nothing. */
export function isFinished(state: JobState): boolean {
  return [
    'COMPLETED',
    'CANCELLED',
    'FAILED',
    'TIMEOUT',
    'NODE_FAIL',
    'PREEMPTED',
    'BOOT_FAIL',
    'DEADLINE',
    'OUT_OF_MEMORY',
    'REVOKED',
  ].includes(state)
}
