import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseConfig } from '@navarch/config/parse-config'
import { silentLog } from '@navarch/system/log'
import { createManualClock } from '@navarch/system/manual-clock'
import { expect, it, onTestFinished } from 'vitest'
import { startJobs } from '../../src/jobs.ts'
import { openSqliteJobStore } from '../../src/store/jobs/sqlite-job-store.ts'
import { createSlurmDouble } from '../slurm-double.ts'
import { slurmJob, snapshotOf } from '../slurm-snapshot.ts'

it('a job that waits for others tells those that are left, though the look before told more', async () => {
  const clock = createManualClock()
  const folder = await mkdtemp(join(tmpdir(), 'navarch-predecessors-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  const store = await openSqliteJobStore(folder)
  onTestFinished(() => store.close())
  const { config } = parseConfig('', { file: 'navarch.yaml' })
  if (!config) throw new Error('an empty file is a configuration')
  const stopping = new AbortController()
  const listeners = new Set<() => void>()
  let snapshot = snapshotOf(clock.now(), [])
  const look = async (predecessors: readonly number[]) => {
    await clock.advance(5000)
    const Dependency = predecessors.map((id) => `afterok:${id}(unfulfilled)`).join(',')
    snapshot = snapshotOf(clock.now(), [], [slurmJob(812, 'PENDING', { Reason: 'Dependency', Dependency })])
    for (const listener of [...listeners]) listener()
  }
  const jobs = await startJobs({
    ...{ store, config, fleetNodes: () => [], findings: async () => [], conditions: [], version: '0' },
    slurm: {
      ...createSlurmDouble(clock).link,
      config: async () => ({
        ...{ clusterName: 'lab', slurmctldParameters: [], configless: false, controllers: [], settings: {} },
      }),
      view: () => ({ snapshot, ageMs: 0, failures: 0 }),
      onLook(listener) {
        listeners.add(listener)
        return () => listeners.delete(listener)
      },
    },
    signal: stopping.signal,
    effects: { clock, log: silentLog, random: () => 0, fetch, newId: () => '1', env: {} },
  })
  const running = jobs.run()
  onTestFinished(async () => {
    stopping.abort()
    await Promise.all(running)
  })
  const sentence = async () => (await jobs.service.report('812')).verdict.sentence
  // The first look may come before anybody listens.
  const after = async (predecessors: readonly number[]) => {
    await look(predecessors)
    return sentence().catch(String)
  }
  await expect.poll(() => after([5, 6])).toContain('another job to end: afterok:5(unfulfilled),')
  expect(await after([6])).toContain('another job to end: afterok:6(unfulfilled) (')
})
