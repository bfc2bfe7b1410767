import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { TrackedJobRecord } from './tracked-job.ts'

/** The jobs that an agent followed, for the one that comes after it. */
export interface RunningJobsFile {
  load(): Promise<TrackedJobRecord[]>
  /** Writes what `jobs` gives when the disk is free; calls until then share one write, and resolve with it. */
  save(jobs: () => readonly TrackedJobRecord[]): Promise<void>
}

/**
 * @param path undefined: everything is forgotten
 * @param bootId jobs of an earlier boot are over
 */
export function createRunningJobsFile(path: string | undefined, bootId: string): RunningJobsFile {
  let work: Promise<void> = Promise.resolve()
  let next: Promise<void> | undefined
  return {
    load: async () => {
      if (path === undefined) return []
      return parseJobs(await readFile(path, 'utf8').catch(() => ''), bootId)
    },
    save: (jobs) => {
      if (path === undefined) return Promise.resolve()
      next ??= work.then(async () => {
        next = undefined
        await mkdir(dirname(path), { recursive: true })
        await writeFile(`${path}.new`, `${JSON.stringify({ bootId, jobs: jobs() })}\n`, { mode: 0o600 })
        await rename(`${path}.new`, path)
      })
      work = next.catch(() => {})
      return next
    },
  }
}

/** What cannot be read is forgotten: the jobs are found again, with what they use from then on. */
function parseJobs(text: string, bootId: string): TrackedJobRecord[] {
  try {
    const content = JSON.parse(text)
    if (content.bootId !== bootId || !Array.isArray(content.jobs)) return []
    return content.jobs.filter(isRecord)
  } catch {
    return []
  }
}

function isRecord(value: unknown): value is TrackedJobRecord {
  if (typeof value !== 'object' || value === null) return false
  const { identity, knownBy, startedAt, gpus, unnamedGpus, base, lastHost, told } = value as Record<string, unknown>
  return (
    typeof (identity as Record<string, unknown> | undefined)?.['jobId'] === 'string' &&
    (knownBy === 'hook' || knownBy === 'scan') &&
    typeof startedAt === 'number' &&
    Array.isArray(gpus) &&
    (unnamedGpus === undefined || (typeof unnamedGpus === 'object' && unnamedGpus !== null)) &&
    [base, lastHost].every((host) => typeof host === 'object' && host !== null) &&
    typeof told === 'boolean'
  )
}
