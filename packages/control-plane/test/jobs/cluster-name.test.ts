import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseConfig } from '@navarch/config/parse-config'
import { silentLog } from '@navarch/system/log'
import { createManualClock } from '@navarch/system/manual-clock'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Jobs, startJobs } from '../../src/jobs.ts'
import type { SlurmLink } from '../../src/slurm/slurm-link.ts'
import type { JobStore } from '../../src/store/job-store.ts'
import { openSqliteJobStore } from '../../src/store/jobs/sqlite-job-store.ts'
import { createSlurmDouble } from '../slurm-double.ts'

describe('an event that names no cluster', () => {
  let folder: string
  let store: JobStore
  const clock = createManualClock()
  const parsed = parseConfig('', { file: 'navarch.yaml' })
  if (!parsed.config) throw new Error('an empty file is a configuration')
  const { config: settings } = parsed
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'navarch-cluster-'))
    store = await openSqliteJobStore(folder)
  })
  afterEach(async () => {
    await store.close()
    await rm(folder, { recursive: true })
  })

  async function clusterOfFirstEvent(config: SlurmLink['config']): Promise<string | undefined> {
    const starting = startJobs({
      store,
      config: settings,
      fleetNodes: () => [],
      findings: async () => [],
      conditions: [],
      slurm: { ...createSlurmDouble(clock).link, config },
      signal: new AbortController().signal,
      version: '0',
      effects: { clock, log: silentLog, random: () => 0, fetch, newId: () => '1', env: {} },
    })
    let jobs: Jobs | undefined
    void starting.then((begun) => {
      jobs = begun
    })
    await expect.poll(() => clock.advance(5000).then(() => jobs !== undefined)).toBe(true)
    const { service } = await starting
    const started = {
      event: 'started',
      job_id: '7',
      user: 'ann',
      node_list: [],
      node: 'n1',
      timestamp: '2026-11-21T00:00:00Z',
    }
    await service.agentEvents('n1', [JSON.stringify(started)])
    return (await store.find('7'))[0]?.cluster
  }
  const lab = { clusterName: 'lab', slurmctldParameters: [], configless: false, controllers: [], settings: {} }

  it("is of Slurm's cluster from the very first start on, before Slurm was looked at", async () => {
    expect(await clusterOfFirstEvent(async () => lab)).toBe('lab')
  })

  it('is of the cluster of the jobs that are known while Slurm is away', async () => {
    await clusterOfFirstEvent(async () => lab)
    expect(await clusterOfFirstEvent(() => Promise.reject(new Error('no controller')))).toBe('lab')
  })

  it('does not wait for a Slurm that never answers', async () => {
    expect(await clusterOfFirstEvent(() => new Promise(() => {}))).toBe('default')
  })
})
