import { rm, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { expandHostlist } from '@navarch/slurm/hostlist'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { silent, usePostingWorld } from './posting-world.ts'
import { capturedHooks, hookScript, releases, runHook, shells } from './run-hook.ts'

const { folder, settings, service, send, place } = usePostingWorld()
const node = hostname().split('.')[0]

describe.each(shells)('without an agent, run by $name', (shell) => {
  it('the test by hand of the guide arrives, with the variables that it sets', async () => {
    const byHand = {
      SLURM_JOB_ID: '99999',
      SLURM_JOB_USER: 'alice',
      SLURM_NODELIST: hostname(),
      SLURM_JOB_NUM_NODES: '1',
      SLURM_NODEID: '0',
    }
    expect(await send('prolog', byHand, shell)).toEqual({
      job_id: '99999',
      timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
      node,
      observed_by: 'hook',
      user: 'alice',
      node_list: [hostname()],
      gpu_allocation: 0,
      gpu_vendor: 'none',
    })
    const finish = await send('epilog', { ...byHand, SLURM_JOB_EXIT_CODE: '0' }, shell)
    expect(finish).toMatchObject({ job_id: '99999', final_state: 'completed', exit_code: 0, node })
    expect(finish).not.toHaveProperty('signal')
    expect(service().received.map(({ path }) => path)).toEqual(['/v1/events/job-started', '/v1/events/job-finished'])
  })

  it.each(releases)('events of Slurm %s arrive after the hook has gone', async (release) => {
    const hooks = capturedHooks(release).filter(({ environment }) =>
      /^(4|6|15|22)$/.test(environment['SLURM_JOB_ID'] ?? ''),
    )
    for (const { event, environment } of hooks)
      expect(await runHook(hookScript[event], { ...environment, ...settings() }, shell)).toEqual(silent)
    await service().reach(hooks.length)
    const bodies = service().received.map(({ body }) => body)
    for (const { event, environment } of hooks) {
      const whole = event.endsWith('slurmctld')
      const expected = {
        job_id: environment['SLURM_JOB_ID'],
        cluster: 'lab',
        restart: 0,
        ...(whole ? {} : { node: environment['SLURMD_NODENAME'] }),
        ...(event.startsWith('prolog') && {
          user: 'root',
          partition: environment['SLURM_JOB_PARTITION'],
          node_list: expandHostlist(environment['SLURM_JOB_NODELIST'] ?? environment['SLURM_NODELIST'] ?? ''),
          ...(environment['SLURM_JOB_NAME'] !== undefined && { name: environment['SLURM_JOB_NAME'] }),
        }),
      }
      expect(bodies).toContainEqual(expect.objectContaining(expected))
    }
  })

  it('every value arrives as it was, and what is not UTF-8 as U+FFFD', async () => {
    const bytes = fc.uint8Array({ minLength: 1, maxLength: 12 })
    const value = fc
      .oneof(
        bytes,
        fc.string({ unit: 'binary', minLength: 1 }).map((text) => Buffer.from(text)),
        fc
          .string({ unit: fc.constantFrom(...'a"\'\\\n\t\u007f;$(){}`&|%é€𝄞'), minLength: 1 })
          .map((text) => Buffer.from(text)),
      )
      .map((some) => Buffer.from(some.map((byte) => (byte === 0 ? 1 : byte))))
    await fc.assert(
      fc.asyncProperty(value, value, async (name, account) => {
        const body = await send(
          'prolog_slurmctld',
          { SLURM_JOB_ID: '7', SLURM_JOB_NAME: name, SLURM_JOB_ACCOUNT: account },
          shell,
        )
        const read = (some: Buffer) => new TextDecoder('utf-8', { ignoreBOM: true }).decode(some)
        // One U+FFFD per byte or per broken sequence: programs differ in how many.
        const folded = (text: unknown) => String(text).replace(/\ufffd+/g, '\ufffd')
        expect([folded(body['name']), folded(body['account'])]).toEqual([folded(read(name)), folded(read(account))])
      }),
      { numRuns: 25 },
    )
  })

  it('hostlists are expanded as Slurm does it', async () => {
    const ranges = fc.array(fc.tuple(fc.nat(30), fc.nat(3), fc.boolean()), { minLength: 1, maxLength: 2 }).map(
      (all) =>
        `[${all
          .map(([from, more, padded]) =>
            [from, from + more]
              .map((n) => (padded ? String(n).padStart(3, '0') : n))
              .slice(0, more === 0 ? 1 : 2)
              .join('-'),
          )
          .join(',')}]`,
    )
    const item = fc
      .tuple(
        fc.stringMatching(/^[a-z]{1,3}$/),
        fc.option(ranges),
        fc.stringMatching(/^-?[a-z]{0,2}$/),
        fc.option(ranges),
      )
      .map((parts) => parts.map((part) => part ?? '').join(''))
    await fc.assert(
      fc.asyncProperty(fc.array(item, { minLength: 1, maxLength: 3 }), async (items) => {
        const list = items.join(',')
        const body = await send('prolog', { SLURM_JOB_ID: '7', SLURM_JOB_NODELIST: list }, shell)
        expect(body['node_list']).toEqual(expandHostlist(list))
      }),
      { numRuns: 10 },
    )
  })

  it('a wait status becomes exit code and signal', async () => {
    const cases = [
      ['0', 0, undefined, 'completed'],
      ['256', 1, undefined, 'failed'],
      ['9', 0, 9, 'failed'],
      ['139', 0, 11, 'failed'],
      ['253', 0, 125, 'failed'],
      ['', undefined, undefined, 'completed'],
      ['010', 0, 10, 'failed'],
      ['x$(false)', undefined, undefined, 'completed'],
    ] as const
    for (const [raw, exit, signal, state] of cases) {
      const body = await send('epilog', { SLURM_JOB_ID: '7', SLURM_JOB_EXIT_CODE: raw }, shell)
      expect([body['exit_code'], body['signal'], body['final_state']]).toEqual([exit, signal, state])
    }
  })

  it('the share of a node is told: CPUs by its place in the list', async () => {
    const job = { SLURM_JOB_ID: '7', SLURM_JOB_NODELIST: 'n[1-3],m9', SLURM_JOB_CPUS_PER_NODE: '2(x3),16' }
    expect(await send('prolog', { ...job, SLURMD_NODENAME: 'n3' }, shell)).toMatchObject({ cpu_allocation: 2 })
    expect(await send('prolog', { ...job, SLURMD_NODENAME: 'm9' }, shell)).toMatchObject({ cpu_allocation: 16 })
    expect(await send('prolog', { ...job, SLURMD_NODENAME: 'z1' }, shell)).not.toHaveProperty('cpu_allocation')
  })
})

describe('without an agent', () => {
  it('GPUs are named by the driver’s UUIDs, and nvidia-smi is not asked', async () => {
    await place('dev/nvidiactl')
    for (const [bus, minor] of [
      ['0000:1a:00.0', 1],
      ['0000:07:00.0', 0],
    ] as const)
      await place(
        `proc/driver/nvidia/gpus/${bus}/information`,
        `Model: \t\t NVIDIA H100\nIRQ:   \t\t 66\nGPU UUID: \t GPU-${minor}\nVideo BIOS: \t ??.??.??\nDevice Minor: \t ${minor}\n`,
      )
    const gpus = { SLURM_JOB_GPUS: '0,1', CUDA_VISIBLE_DEVICES: '0,1', ROCR_VISIBLE_DEVICES: '0,1' }
    expect(await send('prolog', { SLURM_JOB_ID: '7', ...gpus })).toMatchObject({
      gpu_allocation: 2,
      gpu_vendor: 'nvidia',
      gpu_devices: ['GPU-0', 'GPU-1'],
    })
    const mig = { SLURM_JOB_GPUS: '3', CUDA_VISIBLE_DEVICES: 'MIG-5c1b' }
    expect(await send('prolog', { SLURM_JOB_ID: '7', ...mig })).toMatchObject({
      gpu_allocation: 1,
      gpu_devices: ['MIG-5c1b'],
    })
  })

  it('AMD and mixed nodes are told apart, and what is not known is left out', async () => {
    await place('dev/kfd')
    const amd = { SLURM_JOB_ID: '7', SLURM_JOB_GPUS: '2', ROCR_VISIBLE_DEVICES: '2' }
    expect(await send('prolog', amd)).toMatchObject({ gpu_vendor: 'amd', gpu_devices: ['card2'] })
    await place('dev/nvidiactl')
    const both = await send('prolog', { ...amd, CUDA_VISIBLE_DEVICES: '2' })
    expect(both).toMatchObject({ gpu_vendor: 'mixed', gpu_allocation: 1 })
    await rm(join(folder(), 'root/dev'), { recursive: true })
    const unknown = await send('prolog', { ...amd, CUDA_VISIBLE_DEVICES: '2' })
    expect(unknown).not.toHaveProperty('gpu_vendor')
    expect(unknown).not.toHaveProperty('gpu_devices')
  })

  it.each([
    ['system.slice/slurmstepd.scope/job_7', {}],
    ['system.slice/n1_slurmstepd.scope/job_7', {}],
    ['cluster.slice/slurmstepd.scope/sCPNM7Y5NKNX00', { SLURM_JOB_SLUID: 'sCPNM7Y5NKNX00' }],
    ['memory/slurm/uid_1000/job_7', { SLURM_JOB_UID: '1000' }],
    ['cpuset/slurm_n1/uid_1000/job_7', { SLURM_JOB_UID: '1000' }],
  ])('the cgroup %s is found', async (path, more) => {
    await place(`sys/fs/cgroup/${path}/x`)
    const body = await send('prolog', { SLURM_JOB_ID: '7', SLURMD_NODENAME: 'n1', ...more })
    expect(body['cgroup_path']).toBe(`/sys/fs/cgroup/${path}`)
  })

  it('in a container the cgroup is below its own', async () => {
    await place('proc/self/cgroup', '0::/kubepods/pod1/system.slice/slurmd.service\n')
    await place('sys/fs/cgroup/kubepods/pod1/system.slice/slurmstepd.scope/job_7/x')
    const body = await send('prolog', { SLURM_JOB_ID: '7' })
    expect(body['cgroup_path']).toBe('/sys/fs/cgroup/kubepods/pod1/system.slice/slurmstepd.scope/job_7')
  })

  it('an epilog adds the last figures of a cgroup that is still there', async () => {
    const v2 = 'sys/fs/cgroup/system.slice/slurmstepd.scope/job_7'
    await place(`${v2}/cpu.stat`, 'usage_usec 90061234567\nuser_usec 1\n')
    await place(`${v2}/memory.peak`, '123456789\n')
    await place(`${v2}/memory.events`, 'low 0\noom 1\noom_kill 2\n')
    expect((await send('epilog', { SLURM_JOB_ID: '7' }))['final_metrics']).toEqual({
      source: 'cgroup-v2',
      cpu_seconds: 90061.234567,
      memory_peak_bytes: 123456789,
      oom_kills: 2,
    })
    const v1 = (controller: string) => `sys/fs/cgroup/${controller}/slurm/uid_0/job_8`
    await place(`${v1('cpuacct')}/cpuacct.usage`, '1500000000\n')
    await place(`${v1('memory')}/memory.max_usage_in_bytes`, '4096\n')
    expect((await send('epilog', { SLURM_JOB_ID: '8' }))['final_metrics']).toEqual({
      source: 'cgroup-v1',
      cpu_seconds: 1.5,
      memory_peak_bytes: 4096,
    })
    expect(await send('epilog', { SLURM_JOB_ID: '9' })).not.toHaveProperty('final_metrics')
  })

  it('the token is sent, and an address with /v1 is the same', async () => {
    await writeFile(
      join(folder(), 'hooks.env'),
      `OBSERVABILITY_API_URL='${service().url}/v1/'\nOBSERVABILITY_TOKEN=s3cret\n`,
    )
    const { OBSERVABILITY_URL: _, ...others } = settings()
    await runHook(hookScript.prolog, { ...others, SLURM_JOB_ID: '7' })
    expect(service().received).toMatchObject([{ path: '/v1/events/job-started', authorization: 'Bearer s3cret' }])
  })

  it('the environment wins over the file, under either name', async () => {
    await writeFile(join(folder(), 'hooks.env'), 'OBSERVABILITY_URL=http://127.0.0.1:1\n')
    const { OBSERVABILITY_URL: url = '', ...others } = settings()
    await runHook(hookScript.prolog, { ...others, OBSERVABILITY_API_URL: url, SLURM_JOB_ID: '7' })
    expect(service().received).toHaveLength(1)
  })
})
