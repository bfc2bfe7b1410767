import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Origin } from '@navarch/core/job/job-event'
import type { JobSample } from '@navarch/core/job/sample-columns'
import { openSqliteJobStore } from '../packages/control-plane/src/store/jobs/sqlite-job-store.ts'
import { trainingSamples } from '../packages/samples/test/training-samples.ts'

/** What was put into a store. */
export interface Filled {
  jobIds: string[]
  /** Readings of a GPU. */
  samples: number
  /** Single values that are known, of GPUs and hosts. */
  values: number
  seconds: number
  /** Size of the folder with the jobs and without samples. */
  bytesBefore: number
}

const gpus = 8
/** Readings of a job: four hours at 15 s. */
const readings = 960
const intervalMs = 15_000
/** Readings that come together, as from a node that was not heard of for ten minutes. */
const together = 40
const origin: Origin = { changedBy: 'bench', source: 'agent', correlationId: '' }

/** Fills the embedded store of a folder with jobs of one node and 8 GPUs, and packs everything. */
export async function fillJobs(folder: string, samples: number): Promise<Filled> {
  const store = await openSqliteJobStore(folder)
  const count = Math.max(1, Math.round(samples / (gpus * readings)))
  const jobIds = Array.from({ length: count }, (_, job) => String(job + 1))
  const beganAt = Date.now() - readings * intervalMs
  const began = performance.now()
  for (let at = 0; at < count; at += 100) {
    await store.apply(
      jobIds.slice(at, at + 100).map((jobId) => {
        const job = { cluster: 'default', jobId, restart: 0 }
        return {
          kind: 'started',
          job,
          at: beganAt,
          receivedAt: beganAt,
          origin,
          node: 'n1',
          user: `u${at % 7}`,
          nodes: ['n1'],
          gpuCount: gpus,
        }
      }),
    )
  }
  const bytesBefore = await bytesOf(folder)
  let values = 0
  for (const [index, jobId] of jobIds.entries()) {
    const all = trainingSamples({ seed: index + 1, gpus, samples: readings, intervalMs, startAt: beganAt })
    values += all.reduce((sum, sample) => sum + known(sample), 0)
    const run = { cluster: 'default', jobId, restart: 0 }
    for (let at = 0; at < readings; at += together) {
      await store.addSamples([{ run, node: 'n1', samples: all.slice(at, at + together) }])
    }
    if (index % 20 === 19) await store.maintain(Date.now() + 3_600_000, keepAll)
  }
  await store.maintain(Date.now() + 3_600_000, keepAll)
  await store.close()
  return { jobIds, samples: count * gpus * readings, values, seconds: (performance.now() - began) / 1000, bytesBefore }
}

const year = 365 * 86_400_000
const keepAll = { rawMs: year, coarseStepMs: 300_000, samplesMs: year, jobsMs: year }

function known({ host, gpus: devices }: JobSample): number {
  const count = (values: readonly number[]) => values.reduce((sum, value) => sum + (Number.isNaN(value) ? 0 : 1), 0)
  return devices.reduce((sum, { values }) => sum + count(values), count(host))
}

async function bytesOf(folder: string): Promise<number> {
  const sizes = (await readdir(folder)).map(async (name) => (await stat(join(folder, name))).size)
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0)
}
