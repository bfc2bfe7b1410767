import type { JobJson } from '@navarch/api/jobs'
import { compressHosts } from '@navarch/slurm/hostlist'

/** A job as people know it: task of an array, component of a heterogeneous job, and its run where there was more than one. */
export function jobName(job: JobJson): string {
  const { array_job_id: array, het_job_id: het } = job
  const name =
    array !== undefined ? `${array}_${job.array_task_id}` : het !== undefined ? `${het}+${job.het_offset}` : job.id
  return `${name}${job.restart > 0 ? ` (run ${job.restart + 1})` : ''}`
}

/** Names of nodes as Slurm writes them, "n[1-16]"; one after the other where a name is none of a host. */
export function nodeList(nodes: readonly string[]): string {
  try {
    return compressHosts(nodes)
  } catch {
    return nodes.join(',')
  }
}
