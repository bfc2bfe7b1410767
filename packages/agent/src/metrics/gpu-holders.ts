import type { GpuReading } from '@navarch/gpu/gpu-reading'
import type { JobsByUuid } from '@navarch/metrics/gpu/gpu-entities'
import type { TrackedJob } from '../jobs/tracked-job.ts'

/** What decides who has a GPU. */
export type GpuJob = Pick<TrackedJob, 'identity' | 'startedAt' | 'gpus' | 'goneAt'>

/** A job with nothing left of it for so long gives way to one that began later, ms: its epilog was not heard of. */
const givesWayAfterMs = 60_000

/**
 * Who has which GPU, by UUID; of several jobs the first that began comes first.
 * A job keeps its GPUs until its end is told, also while nothing of it runs: that is what held and idle means. But one that is
 * gone does not share them with the job that came after it.
 */
export function gpuHolders(jobs: readonly GpuJob[], now: number): JobsByUuid {
  const holders = new Map<string, GpuJob[]>()
  for (const job of jobs.toSorted((a, b) => a.startedAt - b.startedAt)) {
    for (const { uuid } of job.gpus) holders.set(uuid, [...(holders.get(uuid) ?? []), job])
  }
  const isGone = ({ goneAt }: GpuJob) => goneAt !== undefined && now - goneAt >= givesWayAfterMs
  return new Map(
    [...holders].map(([uuid, all]) => {
      const present = all.filter((job, at) => at === all.length - 1 || !isGone(job))
      return [uuid, [...new Set(present.map(({ identity }) => identity.jobId))]]
    }),
  )
}

/**
 * The files that tell dcgm-exporter who has which GPU, by name: the GPU's index, or index and GPU instance ("2.7") for a part of
 * a divided one.
 * Source: `--hpc-job-mapping-dir` in the README of NVIDIA/dcgm-exporter, and internal/pkg/transformation/hpc.go.
 */
export function jobMapping(holders: JobsByUuid, gpus: readonly GpuReading[]): Map<string, readonly string[]> {
  const files = new Map<string, readonly string[]>()
  const add = (name: string, jobs: readonly string[]) => {
    // One without a job has no file: older exporters drop every series of a GPU whose file is empty.
    if (jobs.length > 0) files.set(name, [...new Set(jobs)])
  }
  for (const { vendor, index, uuid, migInstances = [] } of gpus) {
    if (index === undefined || vendor !== undefined) continue
    if (uuid !== undefined) add(String(index), holders.get(uuid) ?? [])
    for (const { id, uuids } of migInstances) {
      add(
        `${index}.${id}`,
        uuids.flatMap((part) => holders.get(part) ?? []),
      )
    }
  }
  return files
}
