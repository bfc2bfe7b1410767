import { readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { NodeUsage } from '@navarch/core/job/node-usage'
import { describe, expect, it } from 'vitest'
import { startControlPlaneDouble } from './control-plane-double.ts'
import { makeJobWorld } from './job-world.ts'

const until = (condition: () => unknown) =>
  expect.poll(() => Boolean(condition()), { timeout: 15_000, interval: 5 }).toBe(true)

const environment = (jobId: string, more: Record<string, string> = {}) => ({
  SLURM_JOB_ID: jobId,
  SLURM_CLUSTER_NAME: 'lab',
  SLURM_JOB_USER: 'ann',
  SLURMD_NODENAME: 'n1',
  SLURM_NODELIST: 'n[1-2]',
  SLURM_JOB_CPUS_PER_NODE: '4(x2)',
  SLURM_JOB_RESTART_COUNT: '0',
  SLURM_JOB_PARTITION: 'gpu',
  ...more,
})

describe('an agent with jobs', () => {
  it('tells of a job by its hooks, with GPUs by UUID, and at the end with what it used', async () => {
    await using world = await makeJobWorld()
    await using server = await startControlPlaneDouble()
    await using agent = await world.startAgent(server.url)
    await until(() => server.lastFull())

    world.hook('prolog', environment('7', { SLURM_JOB_GPUS: '1,3', CUDA_VISIBLE_DEVICES: '1,3' }))
    await until(() => server.jobEvents().length === 1)
    expect(server.jobEvents()[0]).toMatchObject({
      ...{ event: 'started', job_id: '7', cluster: 'lab', restart: 0, user: 'ann', node: 'n1', observed_by: 'hook' },
      ...{ node_list: ['n1', 'n2'], cpu_allocation: 4, gpu_allocation: 2, gpu_vendor: 'nvidia', partition: 'gpu' },
      gpu_devices: [agent.gpus[1]?.uuid, agent.gpus[3]?.uuid],
      cgroup_path: join(world.scope, 'job_7'),
    })
    for (const gpu of agent.gpus) gpu.utilizationPercent = gpu.index * 10
    world.group('job_7', 0.25)
    await until(() => usageOf(server)?.cpuSeconds === 0.25)
    world.group('job_7', 1.5, 5000)
    await until(() => usageOf(server)?.cpuSeconds === 1.5)
    world.removeGroup('job_7')
    world.hook('epilog', environment('7', { SLURM_JOB_EXIT_CODE: '256' }))
    await until(() => server.jobEvents().length === 2)
    const end = server.jobEvents()[1]
    expect(end).toMatchObject({
      ...{ event: 'finished', job_id: '7', restart: 0, node: 'n1', exit_code: 1, final_state: 'failed' },
      final_metrics: { source: 'cgroup-v2', cpuSeconds: 1.5, memoryMaxBytes: 5000 },
    })
    const usage = end?.event === 'finished' ? (end.final_metrics as unknown as NodeUsage) : undefined
    expect(usage?.gpus.map((gpu) => [gpu.uuid, gpu.utilizationMax])).toEqual([
      [agent.gpus[1]?.uuid, 10],
      [agent.gpus[3]?.uuid, 30],
    ])
    await until(() => readdirSync(world.hooks).length === 0)
  })

  it('names the GPUs of a job whose prolog ran before the driver answered, also after a restart of its own', async () => {
    await using world = await makeJobWorld()
    await using server = await startControlPlaneDouble()
    {
      await using _before = await world.startAgent(server.url, new Promise(() => {}))
      world.hook('prolog', environment('7', { SLURM_JOB_GPUS: '1,3', CUDA_VISIBLE_DEVICES: '1,3' }))
      await until(() => server.jobEvents().length === 1)
      expect(server.jobEvents()[0]).toMatchObject({ gpu_allocation: 2, gpu_devices: ['1', '3'], gpus: [] })
    }
    const driver = Promise.withResolvers<void>()
    await using agent = await world.startAgent(server.url, driver.promise)
    driver.resolve()
    await until(() => server.jobEvents().length === 2)
    const uuids = [agent.gpus[1]?.uuid, agent.gpus[3]?.uuid]
    expect(server.jobEvents()[1]).toMatchObject({
      ...{ event: 'started', job_id: '7', user: 'ann', node: 'n1', gpu_devices: uuids },
      gpus: uuids.map((uuid) => expect.objectContaining({ uuid, vendor: 'nvidia' })),
      timestamp: server.jobEvents()[0]?.timestamp,
    })
    world.group('job_7', 0.25)
    await until(() => usageOf(server)?.gpus.length === 2)
    world.hook('epilog', environment('7', { SLURM_JOB_EXIT_CODE: '0' }))
    await until(() => server.jobEvents().length === 3)
    expect(server.jobEvents()[2]).toMatchObject({ event: 'finished' })
  })

  it('finds a job that no hook told of, and tells of its end', async () => {
    await using world = await makeJobWorld()
    await using server = await startControlPlaneDouble()
    await using _agent = await world.startAgent(server.url)
    await until(() => server.lastFull())
    world.group('job_8', 3)
    await until(() => server.jobEvents().length === 1)
    expect(server.jobEvents()[0]).toMatchObject({ event: 'started', job_id: '8', node: 'n1', observed_by: 'scan' })
    expect(server.jobEvents()[0]).not.toHaveProperty('restart')
    await until(() => usageOf(server)?.cpuSeconds === 3)
    expect(server.jobSamples()[0]).toMatchObject({ jobId: '8', newestRun: true })
    world.removeGroup('job_8')
    await until(() => server.jobEvents().length === 2)
    expect(server.jobEvents()[1]).toMatchObject({ event: 'finished', job_id: '8', final_metrics: { cpuSeconds: 3 } })
    expect(server.jobEvents()[1]).not.toHaveProperty('exit_code')
  })

  it('counts nothing twice when the slurmstepd of a job outlives its group', async () => {
    await using world = await makeJobWorld()
    await using server = await startControlPlaneDouble()
    await using _agent = await world.startAgent(server.url)
    await until(() => server.lastFull())
    world.hook('prolog', environment('8'))
    world.group('job_8', 3)
    await until(() => usageOf(server)?.cpuSeconds === 3)
    world.stepDaemon(77, 'slurmstepd: [8.batch]', 3)
    world.removeGroup('job_8')
    world.hook('epilog', environment('8'))
    await until(() => server.jobEvents().length === 2)
    expect(server.jobEvents()[1]).toMatchObject({ final_metrics: { source: 'cgroup-v2', cpuSeconds: 3 } })
  })

  it('reads a job by its slurmstepd where it has no group', async () => {
    await using world = await makeJobWorld()
    await using server = await startControlPlaneDouble()
    await using _agent = await world.startAgent(server.url)
    await until(() => server.lastFull())
    world.stepDaemon(77, 'slurmstepd: [8.batch]', 3)
    world.hook('prolog', environment('8'))
    await until(() => usageOf(server)?.cpuSeconds === 3)
    expect(usageOf(server)?.source).toBe('proc')
  })

  it('joins what a hook tells to a job that was found before', async () => {
    await using world = await makeJobWorld()
    await using server = await startControlPlaneDouble()
    await using _agent = await world.startAgent(server.url)
    await until(() => server.lastFull())
    world.group('sCPNM7Y5NKNX00', 3)
    world.hook('prolog', environment('8', { SLURM_JOB_SLUID: 'sCPNM7Y5NKNX00' }))
    await until(() => usageOf(server)?.cpuSeconds === 3)
    world.hook('epilog', environment('8', { SLURM_JOB_SLUID: 'sCPNM7Y5NKNX00', SLURM_JOB_EXIT_CODE: '0' }))
    await until(() => server.jobEvents().length === 2)
    expect(server.jobEvents()).toMatchObject([
      { event: 'started', sluid: 'sCPNM7Y5NKNX00' },
      { event: 'finished', sluid: 'sCPNM7Y5NKNX00', exit_code: 0, final_metrics: { cpuSeconds: 3 } },
    ])
  })

  it('keeps the runs of a requeued job apart', async () => {
    await using world = await makeJobWorld()
    await using server = await startControlPlaneDouble()
    await using _agent = await world.startAgent(server.url)
    await until(() => server.lastFull())
    const run = async (restart: string, cpuSeconds: number) => {
      world.hook('prolog', environment('8', { SLURM_JOB_RESTART_COUNT: restart }))
      world.group('job_8', cpuSeconds)
      await until(() => usageOf(server)?.cpuSeconds === cpuSeconds)
      world.removeGroup('job_8')
      world.hook('epilog', environment('8', { SLURM_JOB_RESTART_COUNT: restart, SLURM_JOB_EXIT_CODE: '0' }))
    }
    await run('0', 5)
    await until(() => server.jobEvents().length === 2)
    await run('1', 2)
    await until(() => server.jobEvents().length === 4)
    const ends = server.jobEvents().filter(({ event }) => event === 'finished')
    expect(ends).toMatchObject([
      { restart: 0, final_metrics: { cpuSeconds: 5 } },
      { restart: 1, final_metrics: { cpuSeconds: 2 } },
    ])
  })

  it('goes on with what a job has used after a restart of its own', async () => {
    await using world = await makeJobWorld()
    await using server = await startControlPlaneDouble()
    {
      await using agent = await world.startAgent(server.url)
      await until(() => server.lastFull())
      world.hook('prolog', environment('7', { SLURM_JOB_GPUS: '0' }))
      world.group('job_7', 1)
      Object.assign(agent.gpus[0] ?? {}, { utilizationPercent: 77 })
      await until(() => usageOf(server)?.gpus[0]?.utilizationMax === 77)
    }
    await using _agent = await world.startAgent(server.url)
    await until(() => (usageOf(server)?.gpus[0]?.utilization ?? 77) === 0)
    expect(usageOf(server)?.gpus[0]?.utilizationMax).toBe(77)
    world.hook('epilog', environment('7'))
    await until(() => server.jobEvents().some(({ event }) => event === 'finished'))
    expect(server.jobEvents().filter(({ event }) => event === 'started')).toHaveLength(1)
  })

  it('tells once of a group that no kernel wrote, and keeps what it knew', async () => {
    await using world = await makeJobWorld()
    await using server = await startControlPlaneDouble()
    await using _agent = await world.startAgent(server.url)
    await until(() => server.lastFull())
    world.hook('prolog', environment('7'))
    world.group('job_7', 1)
    await until(() => usageOf(server)?.cpuSeconds === 1)
    writeFileSync(join(world.scope, 'job_7/memory.stat'), 'anon lots\n')
    await until(() => world.logLines.join().includes('a job cannot be read'))
    world.hook('epilog', environment('7'))
    await until(() => server.jobEvents().length === 2)
    expect(server.jobEvents()[1]).toMatchObject({ final_metrics: { cpuSeconds: 1, memoryMaxBytes: 1000 } })
    expect(world.logLines.filter((line) => line.includes('a job cannot be read'))).toHaveLength(1)
  })

  it('takes up what hooks left before its start, and loses nothing while the control plane is away', async () => {
    await using world = await makeJobWorld()
    let port: number
    {
      await using server = await startControlPlaneDouble({ acknowledge: ({ body }) => body.case !== 'jobEvents' })
      port = server.port
      {
        await using _agent = await world.startAgent(server.url)
        await until(() => server.lastFull())
        for (let job = 1; job <= 50; job++) world.hook('prolog', environment(String(job)))
        await until(() => new Set(server.jobEvents().map((event) => event.job_id)).size === 50)
      }
      for (let job = 1; job <= 50; job++) world.hook('epilog', environment(String(job), { SLURM_JOB_EXIT_CODE: '9' }))
    }
    await using _agent = await world.startAgent(`http://127.0.0.1:${port}`)
    await until(() => readdirSync(world.hooks).length === 0)
    await using server = await startControlPlaneDouble({ port })
    await until(() => server.jobEvents().length === 100)
    const events = server.jobEvents()
    expect(events.map(({ event }) => event)).toEqual([...Array(50).fill('started'), ...Array(50).fill('finished')])
    expect(events.at(-1)).toMatchObject({ exit_code: 0, signal: 9 })
  })

  it('sets aside what no hook wrote, and goes on', async () => {
    await using world = await makeJobWorld()
    await using server = await startControlPlaneDouble()
    await using _agent = await world.startAgent(server.url)
    await until(() => server.lastFull())
    writeFileSync(join(world.hooks, 'a-rubbish'), 'rubbish\0END\0')
    world.hook('prolog', environment('9'), 'b-good')
    await until(() => server.jobEvents().length === 1)
    await until(() => readdirSync(join(world.hooks, 'broken')).length === 1)
    expect(world.logLines.join()).toContain('a hook file cannot be read and is set aside')
  })
})

function usageOf(server: Awaited<ReturnType<typeof startControlPlaneDouble>>): NodeUsage | undefined {
  const text = server.jobSamples().at(-1)?.usage
  return text === undefined ? undefined : JSON.parse(text)
}
