import type { TrackedJob } from './tracked-job.ts'

/** How often a job is read, and how long is waited for others to tell of it; ms. */
export interface JobIntervals {
  /** Short jobs have figures too: this often in a job's first minute. */
  earlyMs: number
  /** Afterwards. */
  laterMs: number
  /** Readings are sent this often. */
  sendMs: number
  /** A hook speaks before slurmd makes anything of its job: a job that was not spoken of for so long has no hook. */
  hookGraceMs: number
  /** How long a job without a hook may be without any process before it counts as over. */
  vanishedMs: number
}

export const defaultIntervals: JobIntervals = {
  ...{ earlyMs: 1000, laterMs: 15_000, sendMs: 5000, hookGraceMs: 3000, vanishedMs: 30_000 },
}
/** A job's first minute. */
export const earlyForMs = 60_000
/** A new job without a group is looked at this often: nobody tells when its processes begin and end. */
export const searchMs = 200
const searchForMs = 5000

/** Whether the job is new, and nothing was found of it yet. */
export function isSought(job: TrackedJob, now: number): boolean {
  return !job.group && now - job.startedAt < searchForMs
}

/** How long after a reading the next one is due, ms. */
export function intervalOf(job: TrackedJob, now: number, intervals: JobIntervals): number {
  if (isSought(job, now)) return searchMs
  if (now - job.startedAt < earlyForMs) return intervals.earlyMs
  // Looks at the GPUs bring readings of their jobs; this is for when none comes.
  return job.gpus.length > 0 ? 1.2 * intervals.laterMs : intervals.laterMs
}
