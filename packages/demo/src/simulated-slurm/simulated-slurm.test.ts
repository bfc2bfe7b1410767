import { createSlurmClient } from '@navarch/slurm/client'
import { formatNodeState } from '@navarch/slurm/node-state'
import { createManualClock } from '@navarch/system/manual-clock'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { gpusInUse, nodeShape } from './cluster.ts'
import { nodeState } from './scontrol-text.ts'
import { createSimulatedSlurm } from './simulated-slurm.ts'

function start() {
  const clock = createManualClock()
  const slurm = createSimulatedSlurm({ clock, partitions: [{ name: 'train', names: 4 }] })
  const client = createSlurmClient({ run: slurm.run, clock })
  /** A host joins under the name, as a control plane makes it. */
  const join = async (name: string) => {
    await client.updateNode(name, { nodeAddr: `10.0.0.${name.slice(-1)}`, nodeHostname: name })
    slurm.hostUp(name)
  }
  const submit = (nodeCount = 1, gpusPerNode = 8, durationMs = 60_000) =>
    slurm.submit({ name: 'llm', user: 'ada', partition: 'train', nodeCount, gpusPerNode, durationMs })
  const stateOf = async (name: string) => formatNodeState((await client.showNode(name)).state)
  return { clock, slurm, client, join, submit, stateOf }
}

describe('the simulated Slurm, seen by the real client', () => {
  it('shows its names, partition, version and configuration', async () => {
    const { client } = start()
    const { nodes, partitions, problems, version, diag } = await client.snapshot()
    expect(problems).toEqual([])
    expect(version.text).toBe('24.11.7')
    expect(diag?.jobsPending).toBe(0)
    expect(nodes.map((node) => [node.name, node.state.base, node.gpus])).toEqual(
      [1, 2, 3, 4].map((number) => [`train-00${number}`, 'FUTURE', 8]),
    )
    expect(partitions).toMatchObject([{ name: 'train', isDefault: true, nodes: 'train-[001-004]', state: 'UP' }])
    expect(await client.showConfig()).toMatchObject({ clusterName: 'demo', maxNodeCount: 4, resumeTimeoutSeconds: 60 })
    expect(await client.ping()).toEqual([{ host: 'slurmctld', role: 'primary', up: true }])
  })

  it('takes a host in only when it was told where the host is, and keeps the drain of the name', async () => {
    const { slurm, client, stateOf } = start()
    slurm.hostUp('train-001')
    expect(await stateOf('train-001')).toBe('FUTURE')
    await client.updateNode('train-001', { nodeAddr: '10.0.0.1', state: 'DRAIN', reason: 'navarch: verifying' })
    expect(await client.showNode('train-001')).toMatchObject({ state: { base: 'IDLE', flags: ['DRAIN'] } })
    await client.updateNode('train-001', { state: 'RESUME' })
    expect(await stateOf('train-001')).toBe('IDLE')
  })

  it('remembers for five minutes how jobs ended', async () => {
    const { client, clock, join, submit } = start()
    const id = submit(1, 8, 60_000)
    await join('train-001')
    await client.snapshot()
    await clock.advance(61_000)
    const { jobs, finished } = await client.snapshot()
    expect(jobs).toEqual([])
    const [job] = finished
    expect(job).toMatchObject({ id, state: 'COMPLETED', nodes: 'train-001', exit: { status: 0, signal: 0 } })
    expect((job?.endTime ?? 0) - (job?.startTime ?? 0)).toBe(60_000)
    await clock.advance(301_000)
    expect((await client.snapshot()).finished).toEqual([])
  })

  it('starts jobs where there is room, and ends them when their time is over', async () => {
    const { client, clock, join, submit, stateOf } = start()
    const [first, second, third] = [submit(), submit(), submit()]
    await join('train-001')
    const { jobs } = await client.snapshot()
    expect(jobs.map((job) => [job.id, job.state, job.reason.code, job.nodes])).toEqual([
      [first, 'RUNNING', 'None', 'train-001'],
      [second, 'PENDING', 'Resources', undefined],
      [third, 'PENDING', 'Priority', undefined],
    ])
    expect(jobs[1]?.request).toMatchObject({ nodesMin: 1, gresPerNode: [{ name: 'gpu', type: 'h100', count: 8 }] })
    expect(await stateOf('train-001')).toBe('ALLOCATED')
    await clock.advance(60_000)
    expect((await client.jobsOnNode('train-001')).map((job) => job.id)).toEqual([second])
  })

  it('runs as many tasks of an array as may, each under an id of its own, and keeps the rest in one record', async () => {
    const { client, clock, slurm, join } = start()
    const array = { first: 1, last: 5, most: 2 }
    const one = { name: 'sweep', user: 'ada', partition: 'train', nodeCount: 1, gpusPerNode: 1, durationMs: 60_000 }
    const id = slurm.submit({ ...one, array })
    await join('train-001')
    const shown = async () =>
      (await client.snapshot()).jobs.map((job) => [
        job.id,
        job.state,
        job.reason.code,
        job.array?.jobId,
        job.array?.tasks,
      ])
    expect(await shown()).toEqual([
      [id, 'PENDING', 'JobArrayTaskLimit', id, '3-5'],
      [id + 1, 'RUNNING', 'None', id, '1'],
      [id + 2, 'RUNNING', 'None', id, '2'],
    ])
    await clock.advance(60_000)
    expect((await shown()).map(([, state, , , tasks]) => [state, tasks])).toEqual([
      ['PENDING', '5'],
      ['RUNNING', '3'],
      ['RUNNING', '4'],
    ])
    await clock.advance(60_000)
    // The last one runs under the array's own id.
    expect(await shown()).toEqual([[id, 'RUNNING', 'None', id, '5']])
    await clock.advance(60_000)
    expect(await shown()).toEqual([])
  })

  it('puts a task of a host that is gone back beside the tasks that wait', async () => {
    const { client, slurm, join } = start()
    const one = { name: 'sweep', user: 'ada', partition: 'train', nodeCount: 1, gpusPerNode: 1, durationMs: 60_000 }
    const id = slurm.submit({ ...one, array: { first: 1, last: 9, most: 1 } })
    await join('train-001')
    await client.snapshot()
    slurm.hostDown('train-001')
    expect((await client.snapshot()).jobs).toMatchObject([
      { id, state: 'PENDING', array: { tasks: '2-9', limit: 1 } },
      { id: id + 1, state: 'PENDING', array: { tasks: '1' }, restarts: 1 },
    ])
  })

  it('lets a job have run from before, where it asks to, and begin anew after a requeue', async () => {
    const { client, clock, slurm, join } = start()
    const since = clock.now() - 3_600_000
    const one = { name: 'nb', user: 'ada', partition: 'train', nodeCount: 1, gpusPerNode: 2, durationMs: 7_200_000 }
    slurm.submit({ ...one, node: 'train-002', since })
    await join('train-001')
    expect((await client.snapshot()).jobs).toMatchObject([
      { state: 'PENDING', request: { requiredNodes: 'train-002' } },
    ])
    await join('train-002')
    expect((await client.snapshot()).jobs).toMatchObject([{ state: 'RUNNING', nodes: 'train-002', startTime: since }])
    slurm.hostDown('train-002')
    await clock.advance(5_000)
    await join('train-002')
    expect((await client.snapshot()).jobs).toMatchObject([{ state: 'RUNNING', startTime: clock.now(), restarts: 1 }])
  })

  it('starts nothing on a drained node, whose job runs to its end', async () => {
    const { client, clock, join, submit, stateOf } = start()
    await join('train-001')
    submit()
    submit()
    await client.updateNode('train-001', { state: 'DRAIN', reason: 'navarch: XID 79 = gone, "lost"' })
    expect(await stateOf('train-001')).toBe('ALLOCATED+DRAIN')
    await clock.advance(60_000)
    expect(await client.showNode('train-001')).toMatchObject({
      state: { base: 'IDLE', flags: ['DRAIN'] },
      reason: 'navarch: XID 79 = gone, "lost',
      reasonUser: 'root',
    })
  })

  it('requeues the jobs of a host that is gone', async () => {
    const { slurm, client, join, submit, stateOf } = start()
    await join('train-001')
    const id = submit()
    slurm.hostDown('train-001')
    expect(await stateOf('train-001')).toBe('DOWN+NOT_RESPONDING')
    expect((await client.snapshot()).jobs).toMatchObject([{ id, state: 'PENDING', restarts: 1 }])
    await client.updateNode('train-001', { state: 'FUTURE' })
    expect(await stateOf('train-001')).toBe('FUTURE')
  })

  it('refuses what slurmctld refuses', async () => {
    const { client, join, submit } = start()
    await expect(client.showNode('nosuch')).rejects.toMatchObject({ code: 'not-found' })
    await expect(client.updateNode('nosuch', { state: 'RESUME' })).rejects.toMatchObject({ code: 'not-found' })
    await expect(client.updateNode('train-001', { state: 'DRAIN' })).rejects.toMatchObject({ code: 'refused' })
    await join('train-001')
    await expect(client.updateNode('train-001', { state: 'RESUME' })).rejects.toMatchObject({ code: 'refused' })
    submit()
    await expect(client.updateNode('train-001', { state: 'FUTURE' })).rejects.toMatchObject({ code: 'refused' })
  })

  it('is what the client says it is, whatever happens', async () => {
    const name = fc.integer({ min: 1, max: 4 }).map((number) => `train-00${number}`)
    const state = fc.constantFrom(
      'DRAIN' as const,
      'UNDRAIN' as const,
      'RESUME' as const,
      'DOWN' as const,
      'FUTURE' as const,
    )
    const step = fc.oneof(
      fc.record({ kind: fc.constant('join' as const), name }),
      fc.record({ kind: fc.constant('leave' as const), name }),
      fc.record({ kind: fc.constant('update' as const), name, state, reason: fc.constantFrom('bad fan', 'a=b C=d') }),
      fc.record({
        kind: fc.constant('submit' as const),
        nodeCount: fc.integer({ min: 1, max: 3 }),
        gpus: fc.integer({ min: 1, max: 8 }),
        seconds: fc.integer({ min: 1, max: 90 }),
      }),
      fc.record({ kind: fc.constant('wait' as const), seconds: fc.integer({ min: 1, max: 60 }) }),
    )
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
        const { clock, slurm, client, join, submit } = start()
        for (const step of steps) {
          if (step.kind === 'join') await join(step.name)
          else if (step.kind === 'leave') slurm.hostDown(step.name)
          else if (step.kind === 'submit') submit(step.nodeCount, step.gpus, step.seconds * 1000)
          else if (step.kind === 'wait') await clock.advance(step.seconds * 1000)
          else await client.updateNode(step.name, { state: step.state, reason: step.reason }).catch(() => {})
        }
        const { nodes, jobs, problems } = await client.snapshot()
        const cluster = slurm.cluster()
        expect(problems).toEqual([])
        expect(nodes.map((node) => [node.name, formatNodeState(node.state), node.gpusAllocated, node.reason])).toEqual(
          [...cluster.nodes.values()].map((node) => [
            node.name,
            nodeState(cluster, node),
            gpusInUse(cluster, node.name),
            node.reason?.text,
          ]),
        )
        expect(jobs.map((job) => [job.id, job.state, job.request.nodesMin, job.restarts])).toEqual(
          [...cluster.jobs.values()].map((job) => [
            job.id,
            job.startedAt === undefined ? 'PENDING' : 'RUNNING',
            job.nodeCount,
            job.restarts,
          ]),
        )
        for (const node of cluster.nodes.values()) {
          const used = gpusInUse(cluster, node.name)
          expect(used).toBeLessThanOrEqual(nodeShape.gpus)
          if (node.base !== 'UP' || !node.hostUp) expect(used).toBe(0)
        }
        for (const job of cluster.jobs.values()) {
          expect(new Set(job.nodes).size).toBe(job.startedAt === undefined ? 0 : job.nodeCount)
        }
      }),
      { numRuns: 60 },
    )
  })
})
