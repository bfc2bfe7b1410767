import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { capabilitiesOf } from '../src/capabilities.ts'
import { expandHostlist } from '../src/hostlist.ts'
import { type JobRecord, parseJobs } from '../src/job-record.ts'
import { parseJobsJson } from '../src/json/json-jobs.ts'
import { formatNodeState, hasFlag, isDrained, isFuture, isSchedulable } from '../src/node-state.ts'
import { type RealSlurm, slurmPlaces, startRealSlurm, until, whyNot } from './real-slurm.ts'

describe.each(slurmPlaces().map((place) => ({ place, reason: whyNot(place) })))(
  'real Slurm of $place.name',
  ({ place, reason }) => {
    if (reason !== undefined) {
      it.skip(`is not tested: ${reason}`, () => {})
      return
    }
    let slurm: RealSlurm
    beforeAll(async () => {
      slurm = await startRealSlurm(place)
    }, 90_000)
    afterAll(() => slurm?.stop(), 60_000)

    const submit = async (...args: string[]): Promise<number> => {
      const { stdout, stderr } = await slurm.run(
        'sbatch',
        '--parsable',
        '-o',
        '/dev/null',
        ...args,
        '--wrap',
        'sleep 300',
      )
      expect(stderr).toBe('')
      return Number(stdout.trim())
    }
    const stateOf = async (name: string) => formatNodeState((await slurm.client.showNode(name)).state)

    it('tells its version, configuration and controllers', async () => {
      const version = await slurm.client.version()
      expect(version.major).toBeGreaterThanOrEqual(22)
      const config = await slurm.client.showConfig()
      expect(config).toMatchObject({
        clusterName: 'test',
        maxNodeCount: 16,
        resumeProgram: '/bin/true',
        version: version.text,
      })
      expect(await slurm.client.ping()).toMatchObject([{ role: 'primary', up: true }])
      expect(await slurm.client.topology()).toEqual([])
    })

    it('gives a snapshot without problems: FUTURE and CLOUD names, hidden partitions, GPUs without accounting', async () => {
      const snapshot = await slurm.client.snapshot()
      expect(snapshot.problems).toEqual([])
      const names = snapshot.nodes.map((node) => node.name)
      const cloud = capabilitiesOf(snapshot.version).listsPoweredDownNodes ? ['cloud-001', 'cloud-003'] : []
      expect(names).toEqual(expect.arrayContaining(['n1', 'n2', 'fut1', 'fut2', ...cloud]))
      const all = snapshot.partitions.find((partition) => partition.name === 'all')
      expect(expandHostlist(all?.nodes ?? '')).toContain('cloud-003')
      expect(snapshot.nodes.filter((node) => isFuture(node.state))).toHaveLength(2)
      expect(snapshot.nodes.find((node) => node.name === 'n1')).toMatchObject({
        gpus: 8,
        gpusAllocated: 0,
        features: ['hopper', 'ib'],
      })
      expect(snapshot.partitions.map((partition) => partition.name).toSorted()).toEqual(['all', 'gpu'])
      expect(snapshot.diag?.rpcByType.length).toBeGreaterThan(0)
    })

    it('drains with a reason, overwrites a reason, resumes, and is refused where there is nothing to resume', async () => {
      const { client } = slurm
      await until(async () => isSchedulable((await client.showNode('n1')).state), 'n1 usable')
      await client.updateNode('n1', { state: 'DRAIN', reason: 'by hand: fan | slot=3, "x" (GPU 3)' })
      expect(await client.showNode('n1')).toMatchObject({
        reason: 'by hand: fan | slot=3, "x" (GPU 3)',
        reasonUser: 'root',
      })
      expect(isDrained((await client.showNode('n1')).state)).toBe(true)
      await client.updateNode('n1', { state: 'DRAIN', reason: 'another' })
      const node = await client.showNode('n1')
      expect(node.reason).toBe('another')
      expect(Math.abs((node.reasonAt ?? 0) - Date.now())).toBeLessThan(60_000)
      await client.updateNode('n1', { state: 'RESUME' })
      await until(async () => isSchedulable((await client.showNode('n1')).state), 'n1 resumed')
      await expect(client.updateNode('n1', { state: 'RESUME' })).rejects.toMatchObject({ code: 'refused' })
      await expect(client.updateNode('n1', { state: 'DRAIN' })).rejects.toMatchObject({ code: 'refused' })
    })

    it('applies a change to the names before an unknown one, and says that one was not found', async () => {
      const change = slurm.client.updateNode(['n1', 'n2', 'nope'], { state: 'DRAIN', reason: 'partial' })
      await expect(change).rejects.toMatchObject({ code: 'not-found' })
      const states = await Promise.all([stateOf('n1'), stateOf('n2')])
      for (const [index, state] of states.entries())
        if (state.includes('DRAIN')) await slurm.client.updateNode(`n${index + 1}`, { state: 'RESUME' })
      await until(async () => isSchedulable((await slurm.client.showNode('n1')).state), 'n1 resumed')
      await until(async () => isSchedulable((await slurm.client.showNode('n2')).state), 'n2 resumed')
    })

    it('lets a FUTURE name join drained and leave again', async () => {
      const { client } = slurm
      await client.updateNode('fut1', { state: 'DRAIN', reason: 'navarch: verifying', nodeAddr: '127.0.0.1' })
      const joining = await client.showNode('fut1')
      expect([isFuture(joining.state), hasFlag(joining.state, 'DRAIN')]).toEqual([true, true])
      await expect(client.updateNode('fut1', { state: 'FUTURE' })).rejects.toMatchObject({ code: 'refused' })
      await client.updateNode('fut1', { state: 'UNDRAIN' })
      expect(await stateOf('fut1')).toBe('FUTURE')
    })

    it('reads the queue as it was submitted', async () => {
      const { client } = slurm
      const later = '--begin=now+1hour'
      const ids = {
        perJob: await submit(later, '--gpus=12', '-N1-2'),
        perNode: await submit(later, '--gpus-per-node=h100:4', '-N2', '-n2'),
        perTask: await submit(later, '--gpus-per-task=2', '-n4'),
        array: await submit(later, '--array=1-99:2%3'),
        long: await submit(later, `--array=${Array.from({ length: 100 }, (_, index) => index * 3).join(',')}`),
        placed: await submit(later, '-w', 'n1', '-x', 'n2', '-C', 'hopper&ib', '--mem=100', '-p', 'gpu,all', '-c2'),
        range: await submit(later, '-N2-4', '--mem-per-cpu=50', '-n4', '-t', '1-02:00:00'),
        alone: await submit(later, '--exclusive'),
        odd: await submit(later, '-J', 'a|b=c "d"\nJobId=1 \u00fc', '--comment', 'State=x'),
      }
      const { jobs, problems } = await client.snapshot()
      expect(problems).toEqual([])
      const job = (id: number) => jobs.find((candidate) => candidate.id === id || candidate.array?.jobId === id)
      const gpu = (count: number, type?: string) => [
        type === undefined ? { name: 'gpu', count } : { name: 'gpu', type, count },
      ]
      expect(job(ids.perJob)?.request).toMatchObject({ gresPerJob: gpu(12) })
      expect(job(ids.perNode)?.request).toMatchObject({ gresPerNode: gpu(4, 'h100'), nodesMin: 2 })
      expect(job(ids.perTask)?.request).toMatchObject({ gresPerTask: gpu(2), tasks: 4 })
      expect(job(ids.array)?.array).toEqual({ jobId: ids.array, tasks: expect.any(String), count: 50, limit: 3 })
      expect(job(ids.long)?.array?.count).toBe(100)
      expect(job(ids.placed)).toMatchObject({
        partitions: ['gpu', 'all'],
        request: {
          requiredNodes: 'n1',
          excludedNodes: 'n2',
          features: 'hopper&ib',
          memoryPerNodeMb: 100,
          cpusPerTask: 2,
          exclusive: 'no',
        },
      })
      expect(job(ids.range)).toMatchObject({
        request: { nodesMin: 2, nodesMax: 4, memoryPerCpuMb: 50 },
        timeLimit: 93_600_000,
      })
      expect(job(ids.alone)?.request.exclusive).toBe('yes')
      expect(job(ids.odd)?.name).toBe('a|b=c "d"\nJobId=1 \u00fc')
      for (const id of Object.values(ids)) {
        expect(job(id)).toMatchObject({ state: 'PENDING', user: 'root', restarts: 0, reason: { known: true } })
        expect(Math.abs((job(id)?.eligibleTime ?? Date.now() + 3_600_000) - Date.now() - 3_600_000)).toBeLessThan(
          120_000,
        )
      }
      const detail = await client.jobDetail(ids.placed)
      expect(withoutPlans(detail.job)).toEqual(withoutPlans(job(ids.placed)))
      await slurm.run('scancel', ...Object.values(ids).map(String))
    })

    it('sees a job run: its node, its GPUs, and the node in use', async () => {
      const { client } = slurm
      const id = await submit('-w', 'n1', '--gres=gpu:3', '-c2')
      await until(
        async () => (await client.jobsOnNode('n1')).some((job) => job.id === id && job.state === 'RUNNING'),
        'the job',
      )
      const snapshot = await client.snapshot()
      expect(snapshot.jobs.find((job) => job.id === id)).toMatchObject({ nodes: 'n1', request: { exclusive: 'no' } })
      const node = snapshot.nodes.find((candidate) => candidate.name === 'n1')
      expect(node).toMatchObject({ gpusAllocated: 3, cpusAllocated: 2, state: { base: 'MIXED' } })
      expect(await client.jobsOnNode('n2')).toEqual([])
      await slurm.run('scancel', String(id))
      await until(async () => (await client.jobsOnNode('n1')).length === 0, 'the end of the job')
    })

    it('agrees with JSON about the same job', async () => {
      const id = await submit('--begin=now+1hour', '-N2-3', '--gres=gpu:h100:2', '--mem-per-cpu=50', '-J', 'json')
      const json = parseJobsJson((await slurm.run('squeue', '--json')).stdout)
      const text = (await slurm.client.snapshot()).jobs
      const pick = (jobs: readonly JobRecord[]) => withoutPlans(jobs.find((job) => job.id === id))
      expect(pick(json)).toEqual(pick(text))
      await slurm.run('scancel', String(id))
    })

    it('adds and removes a dynamic node', async () => {
      const { client } = slurm
      await slurm.startSlurmd('dyn1', 'CPUs=2 RealMemory=500 Feature=dyn')
      await until(async () => (await stateOf('dyn1')).includes('DYNAMIC'), 'dyn1')
      expect(await client.showNode('dyn1')).toMatchObject({ cpus: 2, features: ['dyn'] })
      await client.updateNode('dyn1', { state: 'DRAIN', reason: 'leaving' })
      await client.deleteNode('dyn1')
      await expect(client.showNode('dyn1')).rejects.toMatchObject({ code: 'not-found' })
      await expect(client.deleteNode('dyn1')).rejects.toMatchObject({ name: 'SlurmError' })
      await expect(client.createNode('made1', { State: 'DOWN' })).rejects.toMatchObject({ code: 'refused' })
    })

    it('expands and compresses hostlists as scontrol does', async () => {
      for (const list of [
        'n[1-3],cloud-[001-003]',
        'a[1-2]b[3-4]',
        'rack[1-2]n[08-10]',
        'x[9-11],y',
        'n[3,1-2]',
        'login,n[099-101]',
      ]) {
        const { stdout } = await slurm.run('scontrol', 'show', 'hostnames', list)
        expect(expandHostlist(list)).toEqual(stdout.trim().split('\n'))
      }
    })

    it('names what does not exist', async () => {
      const { client } = slurm
      await expect(client.showNode('nosuch')).rejects.toMatchObject({ code: 'not-found' })
      await expect(client.jobDetail(999_999)).rejects.toMatchObject({ code: 'not-found' })
      await expect(client.jobsOnNode('nosuch')).rejects.toMatchObject({ code: 'not-found' })
      await expect(client.updateNode('nosuch', { state: 'RESUME' })).rejects.toMatchObject({ code: 'not-found' })
    })

    it('answers within its deadline when the controller is gone, and again when it is back', async () => {
      const { client } = slurm
      await slurm.stopController()
      const started = Date.now()
      await expect(client.snapshot()).rejects.toMatchObject({
        name: 'SlurmError',
        code: expect.stringMatching(/^(unreachable|timeout)$/),
      })
      expect(Date.now() - started).toBeLessThan(15_000)
      expect((await client.ping()).every((controller) => !controller.up)).toBe(true)
      await slurm.startController()
      await until(async () => (await client.snapshot()).nodes.length >= 4, 'the controller')
    }, 60_000)

    it('reads scontrol show job of everything it had', async () => {
      const { stdout } = await slurm.run('scontrol', '-a', '-o', 'show', 'jobs')
      const jobs = parseJobs(stdout)
      expect(jobs.length).toBeGreaterThan(5)
      expect(jobs.filter((job) => job.state === 'UNKNOWN' || !job.reason.known)).toEqual([])
    })
  },
)

/** What both looks tell, less what the scheduler may change between them. */
function withoutPlans(job: JobRecord | undefined) {
  if (!job) return undefined
  const { reason, startTime, endTime, scheduledNodes, priority, comment, eligibleTime, ...others } = job
  const { workDir, stdout, sluid, ...rest } = others
  const { excludedNodes, tasks, cpusPerTask, exclusive, memoryPerNodeMb, memoryPerCpuMb, ...request } = rest.request
  return { ...rest, request }
}
