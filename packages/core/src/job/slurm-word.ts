import type { JobState, SlurmJobFacts } from './job-event.ts'

/** Slurm's words for an end, and the state of the API that each is. Source: enum job_states of slurm.h, 22.05 to 26.05. */
const finalStates: Readonly<Record<string, JobState>> = {
  COMPLETED: 'completed',
  FAILED: 'failed',
  BOOT_FAIL: 'failed',
  DEADLINE: 'failed',
  NODE_FAIL: 'failed',
  OUT_OF_MEMORY: 'failed',
  TIMEOUT: 'failed',
  CANCELLED: 'cancelled',
  PREEMPTED: 'cancelled',
  REVOKED: 'cancelled',
}

const running = new Set(['RUNNING', 'COMPLETING', 'SIGNALING', 'STAGE_OUT', 'SUSPENDED', 'STOPPED', 'RESIZING'])

type Word = Pick<SlurmJobFacts, 'state' | 'from'>

/** The state that Slurm's word means; what is not known is pending. */
export function stateOfRecord(record: Word): JobState {
  if (isRequeued(record)) return 'cancelled'
  return finalStates[record.state] ?? (running.has(record.state) ? 'running' : 'pending')
}

/** Whether the word says that the run is over. COMPLETING is not over: epilogs run. */
export function isFinalRecord(record: Word): boolean {
  return record.state in finalStates || isRequeued(record)
}

/** Accounting calls a run so after which the job was queued again; the controller calls the next run so while it waits. */
function isRequeued({ state, from }: Word): boolean {
  return state === 'REQUEUED' && from === 'sacct'
}

export function isFinalState(state: JobState): boolean {
  return state === 'completed' || state === 'failed' || state === 'cancelled'
}
