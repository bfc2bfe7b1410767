import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { AccountedJob } from '../src/accounted-job.ts'
import { capabilitiesOf } from '../src/capabilities.ts'
import type { SlurmClient } from '../src/client.ts'
import type { JobRecord } from '../src/job-record.ts'
import { isFinished } from '../src/job-state.ts'
import type { NodeRecord } from '../src/node-record.ts'
import { hasFlag } from '../src/node-state.ts'
import { createSlurmRestClient } from '../src/rest/rest-client.ts'
import { fetchAt } from './fetch-at.ts'
import { type RealSlurm, slurmPlaces, startRealSlurm, until, whyNot } from './real-slurm.ts'

const options = { accounting: true, rest: true }

describe.each(slurmPlaces().map((place) => ({ place, reason: whyNot(place, options) })))(
  'jobs of real Slurm of $place.name',
  ({ place, reason }) => {
    if (reason !== undefined) {
      it.skip(`is not tested: ${reason}`, () => {})
      return
    }
    let slurm: RealSlurm
    let rest: SlurmClient
    const ids: Record<string, number> = {}
    const submit = async (name: string, script: string, ...args: string[]) => {
      const common = ['--parsable', '-D', '/tmp', '-o', '/dev/null', '--mem=50', '-t', '10', '-J', name]
      const { stdout, stderr } = await slurm.run('sbatch', ...common, ...args, '--wrap', script)
      expect(stderr).toBe('')
      ids[name] = Number(stdout.trim())
    }
    const must = async (program: string, ...args: string[]) => {
      const { code, stderr } = await slurm.run(program, ...args)
      expect(code, stderr).toBe(0)
    }
    const inQueue = async (name: string) => {
      const { jobs, finished } = await slurm.client.snapshot()
      return [...jobs, ...finished].find((job) => job.id === ids[name])
    }

    beforeAll(async () => {
      slurm = await startRealSlurm(place, options)
      rest = restClient(slurm)
      await submit('cancelled', 'sleep 300')
      await submit('timeout', 'sleep 300')
      await submit('requeued', 'test -n "$SLURM_RESTART_COUNT" || sleep 300; exit 4', '--requeue')
      await submit('never', 'true', '--begin=now+1hour')
      await submit('one second', 'sleep 1', '--gres=gpu:h100:2')
      await submit('exit 3', 'exit 3')
      await submit('signal 9', 'kill -9 $$')
      await submit('odd|\n7', 'true')
      await submit('array', 'exit $SLURM_ARRAY_TASK_ID', '-a', '0-4')
      await submit('two nodes', 'srun true', '-N2')
      await until(async () => (await inQueue('requeued'))?.state === 'RUNNING', 'the job to requeue runs')
      await until(async () => (await inQueue('timeout'))?.state === 'RUNNING', 'the job with a limit runs')
      await must('scancel', String(ids['cancelled']), String(ids['never']))
      await must('scontrol', 'update', `JobId=${ids['timeout']}`, 'EndTime=now')
      await must('scontrol', 'requeue', String(ids['requeued']))
      const open = async () => (await slurm.client.snapshot()).jobs.filter((job) => job.id !== ids['requeued'])
      await until(async () => (await open()).length === 0, 'the end of all jobs', 90_000)
    }, 240_000)
    afterAll(() => slurm?.stop(), 60_000)

    it('tells in one look how each ended, those of a second too', async () => {
      const { finished, jobs, problems } = await slurm.client.snapshot()
      expect(problems).toEqual([])
      expect(jobs.every((job) => !isFinished(job.state) && job.exit === undefined)).toBe(true)
      const ended = (name: string) => finished.find((job) => job.id === ids[name])
      expect(ended('one second')).toMatchObject({ state: 'COMPLETED', exit: { status: 0, signal: 0 } })
      expect(ended('exit 3')).toMatchObject({ state: 'FAILED', exit: { status: 3, signal: 0 } })
      expect(ended('signal 9')).toMatchObject({ state: 'FAILED', exit: { status: 0, signal: 9 } })
      expect(ended('cancelled')).toMatchObject({ state: 'CANCELLED', nodes: expect.stringMatching(/^n[12]$/) })
      expect(ended('timeout')).toMatchObject({ state: 'TIMEOUT', reason: { code: 'TimeLimit' } })
      expect(ended('never')).toMatchObject({ state: 'CANCELLED' })
      expect(ended('never')?.nodes).toBeUndefined()
      expect(ended('odd|\n7')).toMatchObject({ name: 'odd|\n7', state: 'COMPLETED' })
      expect(ended('two nodes')).toMatchObject({ state: 'COMPLETED', nodes: 'n[1-2]' })
      const tasks = finished.filter((job) => job.array?.jobId === ids['array'])
      expect(tasks.map((task) => [task.array?.tasks, task.exit?.status]).toSorted()).toEqual(
        [0, 1, 2, 3, 4].map((task) => [String(task), task]),
      )
    })

    it('agrees with what scontrol says of each, to the second', async () => {
      const { finished } = await slurm.client.snapshot()
      expect(finished.length).toBeGreaterThan(12)
      for (const job of finished.slice(0, 6)) {
        const { job: detail } = await slurm.client.jobDetail(job.id)
        expect(timesOf(detail)).toEqual(timesOf(job))
        expect(detail.exit).toEqual(job.exit)
      }
    })

    it('has every run in accounting, with the times and nodes of the controller', async () => {
      const { finished } = await slurm.client.snapshot()
      await until(async () => {
        const runs = await slurm.client.accountedJobs(finished.map(({ id }) => id))
        return runs.filter((run) => run.endTime !== undefined).length >= finished.length
      }, 'accounting of all jobs')
      const runs = await slurm.client.accountedJobs([...finished.map(({ id }) => id), 99_999])
      for (const job of finished) {
        const run = runs.find(({ id, restarts }) => id === job.id && restarts === job.restarts)
        expect(run, job.name).toMatchObject({ state: job.state, name: job.name, endTime: job.endTime })
        expect(run?.nodes).toBe(job.nodes)
        if (job.nodes !== undefined) expect(run?.startTime).toBe(job.startTime)
      }
      const [first] = await slurm.client.accountedJobs([ids['requeued'] ?? 0])
      expect(first).toMatchObject({ state: 'REQUEUED', restarts: 0, nodes: expect.stringMatching(/^n[12]$/) })
    })

    it('reads the same cluster by slurmrestd', async () => {
      const [served, printed] = await Promise.all([rest.snapshot(), slurm.client.snapshot()])
      expect(served.problems).toEqual([])
      expect(served.version).toEqual(printed.version)
      const names = new Set(served.nodes.map(({ name }) => name))
      expect([...names]).toEqual(expect.arrayContaining(['n1', 'n2']))
      expect(served.nodes.map(comparableNode)).toEqual(
        printed.nodes.filter(({ name }) => names.has(name)).map(comparableNode),
      )
      expect(byId(served.finished).map(comparableJob)).toEqual(byId(printed.finished).map(comparableJob))
      expect(byId(served.jobs).map(({ id, state }) => [id, state])).toEqual(
        byId(printed.jobs).map(({ id, state }) => [id, state]),
      )
      expect(served.partitions.map(({ name, state, nodes }) => [name, state, nodes])).toEqual(
        printed.partitions.map(({ name, state, nodes }) => [name, state, nodes]),
      )
      expect(served.diag?.jobsSubmitted).toBe(printed.diag?.jobsSubmitted)
    })

    it('reads the same accounting by slurmrestd', async () => {
      const asked = [ids['exit 3'] ?? 0, ids['requeued'] ?? 0, ids['never'] ?? 0, 99_999]
      const [served, printed] = await Promise.all([rest.accountedJobs(asked), slurm.client.accountedJobs(asked)])
      expect(byId(served).map(comparableRun)).toEqual(byId(printed).map(comparableRun))
    })

    it('uses the version of the document where it is served, else one that is', async () => {
      const { version } = await restClient(slurm, 'v0.0.37').snapshot()
      expect(version).toEqual(await slurm.client.version())
    })

    it('tells the cluster and its controllers, and what it does not know', async () => {
      expect(await rest.showConfig()).toMatchObject({ clusterName: 'test' })
      expect(await rest.ping()).toMatchObject([{ role: 'primary', up: true }])
      await expect(rest.showNode('nosuch')).rejects.toMatchObject({ code: 'not-found' })
      await expect(rest.jobDetail(99_999)).rejects.toMatchObject({ code: 'not-found' })
      expect((await rest.jobDetail(ids['exit 3'] ?? 0)).job).toMatchObject({ state: 'FAILED', exit: { status: 3 } })
    })

    it('changes nodes by slurmrestd from 23.02 on, and refuses it before', async () => {
      const drain = rest.updateNode(['n2'], { state: 'DRAIN', reason: 'navarch: XID 79, "x" = y' })
      if ((await rest.version()).major < 23) {
        await expect(drain).rejects.toMatchObject({ code: 'refused' })
        return
      }
      await drain
      expect(await slurm.client.showNode('n2')).toMatchObject({ reason: 'navarch: XID 79, "x" = y' })
      expect(hasFlag((await rest.showNode('n2')).state, 'DRAIN')).toBe(true)
      await rest.updateNode('n2', { state: 'RESUME' })
      expect(hasFlag((await rest.showNode('n2')).state, 'DRAIN')).toBe(false)
      await expect(rest.updateNode('n2', { state: 'RESUME' })).rejects.toMatchObject({ code: 'refused' })
      await expect(rest.updateNode('nosuch', { state: 'DRAIN', reason: 'x' })).rejects.toMatchObject({
        code: 'not-found',
      })
    })

    it('keeps an AdminComment of a job that is over', async () => {
      const id = ids['exit 3'] ?? 0
      expect(await slurm.client.adminComment(id)).toBeUndefined()
      await slurm.client.setAdminComment(id, 'JS1:a+b/c==')
      const keepsCase = capabilitiesOf(await slurm.client.version()).keepsCommentCase
      const kept = keepsCase ? 'JS1:a+b/c==' : 'js1:a+b/c=='
      expect(await slurm.client.adminComment(id)).toBe(kept)
      expect(await rest.adminComment(id)).toBe(kept)
      await expect(slurm.client.adminComment(99_999)).rejects.toMatchObject({ code: 'not-found' })
    })

    it('says that slurmrestd is away, and goes on when it is back', async () => {
      await slurm.rest?.stop()
      await expect(rest.snapshot()).rejects.toMatchObject({ name: 'SlurmError', code: 'unreachable' })
      await slurm.rest?.start()
      expect((await rest.snapshot()).nodes.length).toBeGreaterThan(1)
    })
  },
)

function restClient({ rest }: RealSlurm, apiVersion?: string): SlurmClient {
  const { url = '', token } = rest ?? {}
  return createSlurmRestClient({
    url: url.startsWith('unix:') ? 'http://localhost' : url,
    fetch: fetchAt(url),
    clock: { now: Date.now, sleep: (ms, signal) => sleep(ms, undefined, signal ? { signal } : {}) },
    token: () => token,
    ...(apiVersion !== undefined && { apiVersion }),
  })
}

function byId<T extends { id: number }>(list: readonly T[]): T[] {
  return list.toSorted((a, b) => a.id - b.id)
}

function timesOf({ submitTime, startTime, endTime, nodes, restarts, state }: JobRecord) {
  return { submitTime, startTime, endTime, nodes, restarts, state }
}

/** What does not change from one moment to the next, and what both tell. */
function comparableNode({
  name,
  state,
  gpus,
  gpusAllocated,
  memoryMb,
  cpus,
  features,
  partitions,
  reason,
}: NodeRecord) {
  const flags = state.flags.toSorted()
  return { name, base: state.base, flags, gpus, gpusAllocated, memoryMb, cpus, features, partitions, reason }
}

function comparableJob(job: JobRecord) {
  const { request, comment, adminComment, workDir, stdout, sluid, ...rest } = job
  const { gresPerJob, gresPerNode, nodesMin } = request
  return { ...rest, request: { gresPerJob, gresPerNode, nodesMin } }
}

function comparableRun({ cpuSeconds, sluid, exit, ...run }: AccountedJob) {
  return run
}
