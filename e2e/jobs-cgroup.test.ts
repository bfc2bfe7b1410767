import type { JobJson, JobReportJson } from '@navarch/api/jobs'
import { suites } from '@navarch/lab/roots'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type JobsOnSlurm, startJobsOnSlurm } from './lab/jobs-on-slurm.ts'
import { rootOrReason, vmRootOrReason } from './lab/pool-on-slurm.ts'
import { until } from './lab/until.ts'

/** One, since a machine that is emulated takes minutes; each release lays its groups out in its own way. */
const suite = suites.find((name) => name === process.env['NAVARCH_TEST_VM_SUITE']) ?? 'bookworm'
const [{ root, reason: rootReason }, { root: vmRoot, reason: vmReason }] = await Promise.all([
  rootOrReason(suite),
  vmRootOrReason(suite),
])
const reason = rootReason ?? vmReason

/** A loop that takes seconds of CPU in a machine that is emulated in software. */
const burn = (rounds: number) => `awk 'BEGIN { for (i = 0; i < ${rounds}; i++) x[i % 10] += i }'`

/** Where a job on the node writes which group it is in. */
const ownGroup = '/tmp/own-group'

/** Jobs with cgroups of their own, in a virtual machine with cgroup v2 and all controllers. */
describe.skipIf(!root || !vmRoot)(`jobs with cgroups on ${suite}${reason ? ` (skipped: ${reason})` : ''}`, () => {
  let world: JobsOnSlurm
  const ids: Record<string, number> = {}

  beforeAll(async () => {
    if (!root || !vmRoot) return
    world = await startJobsOnSlurm({ root, vmRoot, nodes: 1 })
    await until(
      'the node is idle',
      async () => (await world.slurm('sinfo', '-h', '-t', 'idle', '-o', '%D')) === '1',
      120_000,
    )
    ids['oom'] = await world.submit('head -c 300000000 /dev/zero | tail | sleep 1', '--mem=60')
    await settled(ids['oom'])
    ids['burn'] = await world.submit(`${burn(4_000_000)}; sleep 3`, '--mem=200', '-c1')
    await settled(ids['burn'])
    ids['short'] = await world.submit(burn(600_000), '--mem=100', '-c1')
    await settled(ids['short'])
    const hold = 'x=$(head -c 40000000 /dev/zero | tr "\\0" x); sleep 4'
    ids['memory'] = await world.submit(`cat /proc/self/cgroup >${ownGroup}; ${hold}`, '--mem=300', '-c1')
    await settled(ids['memory'])
  }, 600_000)
  afterAll(async () => {
    await world?.end()
  }, 60_000)

  async function settled(id: number): Promise<void> {
    const state = () => world.slurm('squeue', '-h', '-t', 'all', '-j', String(id), '-o', '%T')
    const over = /COMPLETED|FAILED|OUT_OF_MEMORY|TIMEOUT|CANCELLED/
    await until(`job ${id} is over`, async () => over.test(await state()), 120_000)
  }

  async function ended(id: number | undefined): Promise<JobJson> {
    const confirmed = async () => (await world.job(id ?? 0))?.confirmed
    await expect.poll(confirmed, { timeout: 30_000, interval: 300, message: `job ${id}` }).toBe(true)
    const job = await world.job(id ?? 0)
    if (!job) throw new Error(`job ${id} is gone`)
    return job
  }

  test('that run out of memory say so, and what to ask for', async () => {
    expect(await ended(ids['oom'])).toMatchObject({ state: 'failed', scheduler: { raw_state: 'OUT_OF_MEMORY' } })
    const report = await world.get<JobReportJson>(`/v1/jobs/${ids['oom']}/report`)
    expect(report.verdict).toMatchObject({ cause: 'limit', sentence: expect.stringContaining('--mem') })
  })

  test.each(['burn', 'short'])('use CPU time as accounting counts it: %s', async (name) => {
    const job = await ended(ids[name])
    const accounted = await cpuSeconds(ids[name] ?? 0)
    expect(accounted).toBeGreaterThan(0.2)
    expect(job.cpu_seconds, `${name}: ${job.usage_source}, accounted ${accounted}`).toBeDefined()
    const difference = Math.abs((job.cpu_seconds ?? 0) - accounted)
    expect(difference, `${name}: ${job.cpu_seconds} s, ${accounted} s in accounting`).toBeLessThanOrEqual(
      Math.max(0.05, accounted * 0.05),
    )
  })

  test('say where their figures come from, and how much memory they had at most', async () => {
    const job = await ended(ids['memory'])
    expect(job.usage_source).toBe('cgroup-v2')
    expect(job.sample_count).toBeGreaterThan(0)
    const report = await world.get<JobReportJson>(`/v1/jobs/${ids['memory']}/report`)
    const used = report.efficiency.memory_max_bytes ?? 0
    expect(used).toBeGreaterThan(35_000_000)
    expect(used).toBeLessThan(200_000_000)
    expect(report.nodes[0]).toMatchObject({ node: 'n1', memory_limit_bytes: 300 * 1024 * 1024 })
  })

  test('name the group that Slurm made for them', async () => {
    const job = await ended(ids['memory'])
    const [, made = ''] = (await world.on('n1', `cat ${ownGroup}`)).split('0::')
    const folder = suite === 'forky' ? /\/s[0-9A-HJKMNP-TV-Z]{13}\/step_batch\// : /\/job_\d+\/step_batch\//
    expect(made).toMatch(folder)
    const path = `/sys/fs/cgroup${made.replace(/\/step_batch\/.*/s, '')}`
    // The prolog comes before the group: with nothing beside it nobody can tell then whether 26.05 will call it by the SLUID.
    expect(suite === 'forky' ? [path, undefined] : [path]).toContain(job.cgroup_paths['n1'])
  })

  /** Of all steps, seconds; sacct prints "00:02.228", in the job's own line where it is not told to leave steps out. */
  async function cpuSeconds(id: number): Promise<number> {
    let text = ''
    const read = async () => {
      const printed = await world.slurm('sacct', '-n', '-P', '-j', String(id), '--format=TotalCPU')
      text = printed.split('\n')[0] ?? ''
      return text
    }
    await expect.poll(read, { timeout: 30_000 }).toMatch(/\d+\.\d+/)
    return text.split(':').reduce((seconds, part) => seconds * 60 + Number(part), 0)
  }
})
