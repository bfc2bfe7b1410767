import type { JobJson } from '@navarch/api/jobs'

/** Jobs that are compared with one. */
const most = 20

/** Jobs of the same name that began before this one, the newest first. */
export function earlierJobs(jobs: readonly JobJson[], { name, run_id, start_time }: JobJson): JobJson[] {
  // One that waits begins after all others.
  const began = (time: string | null) => (time === null ? Number.POSITIVE_INFINITY : Date.parse(time))
  return jobs
    .filter((other) => other.name === name && other.run_id !== run_id && other.start_time !== null)
    .filter((other) => began(other.start_time) < began(start_time))
    .sort((one, other) => began(other.start_time) - began(one.start_time))
    .slice(0, most)
}
