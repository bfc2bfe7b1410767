import type { JobJson, JobReportJson, JobStateJson } from '@navarch/api/jobs'
import type { PendingJobJson } from '@navarch/api/views'
import type { Tone } from '../../components/chips.tsx'
import { formatDuration } from '../../lib/format.ts'

const tones: Record<JobStateJson, Tone> = {
  pending: 'quiet',
  running: 'info',
  completed: 'good',
  failed: 'act',
  cancelled: 'quiet',
}

/** How a job's state looks. */
export function toneOfJob(state: JobStateJson): Tone {
  return tones[state]
}

/** Slurm's own word where it says more than the state, e.g. "failed (OUT_OF_MEMORY)". */
export function stateOfJob({ state, scheduler }: Pick<JobJson, 'state' | 'scheduler'>): string {
  const raw = scheduler?.raw_state
  return raw === undefined || raw.toLowerCase() === state ? state : `${state} (${raw})`
}

const blames: Record<JobReportJson['verdict']['cause'], string> = {
  none: 'Nothing went wrong.',
  code: 'It was the job’s own code.',
  hardware: 'It was our hardware.',
  limit: 'It was a limit.',
  cancelled: 'Somebody cancelled it.',
  scheduler: 'It was the scheduler.',
  unknown: 'Why it ended is not known.',
}

/** Whose doing the end was, as a sentence. */
export function blameOf(cause: JobReportJson['verdict']['cause']): string {
  return blames[cause]
}

/** How the verdict's line looks: only what a person must look into is red. */
export function moodOfVerdict(cause: JobReportJson['verdict']['cause']): 'good' | 'mending' | 'act' | 'unknown' {
  if (cause === 'none' || cause === 'cancelled') return 'good'
  if (cause === 'unknown') return 'unknown'
  return cause === 'hardware' ? 'act' : 'mending'
}

/** Used of asked, in percent; null where either is not known. */
export function shareOf(used: number | undefined, asked: number | undefined): number | null {
  return used === undefined || asked === undefined || asked === 0 ? null : (used / asked) * 100
}

/** Why a job waits, with the queue's words, and for how long it has. */
export function waitingSentence(
  { id }: Pick<JobJson, 'id'>,
  { why, waiting_seconds: seconds }: Pick<PendingJobJson, 'why' | 'waiting_seconds'>,
): string {
  return `Job ${id} waits${seconds === null ? '' : `, for ${formatDuration(seconds)} now`}: ${why}`
}
