import { namesIn } from '@navarch/core/demand/names-in'
import type { JobRecord } from '@navarch/slurm/job-record'
import { hasAllocation } from '@navarch/slurm/job-state'

/** Which jobs hold which nodes, as one look has it. */
export interface JobIndex {
  byNode: ReadonlyMap<string, readonly JobRecord[]>
  /** What the hostlists of its jobs stand for. */
  names: ReadonlyMap<string, readonly string[]>
}

export const noJobs: JobIndex = { byNode: new Map(), names: new Map() }

/** Puts jobs under the nodes that they hold. @param before of the look before: its hostlists are not expanded again */
export function indexJobs(jobs: readonly JobRecord[], before: JobIndex): JobIndex {
  const byNode = new Map<string, JobRecord[]>()
  const names = new Map<string, readonly string[]>()
  for (const job of jobs) {
    if (job.nodes === undefined || !hasAllocation(job.state)) continue
    const list = names.get(job.nodes) ?? before.names.get(job.nodes) ?? namesIn(job.nodes)
    names.set(job.nodes, list)
    for (const name of list) {
      const held = byNode.get(name)
      if (held) held.push(job)
      else byNode.set(name, [job])
    }
  }
  return { byNode, names }
}
