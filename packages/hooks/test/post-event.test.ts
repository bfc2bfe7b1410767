import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { expandHostlist } from '@navarch/slurm/hostlist'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { capturedHooks, hookScript, releases, runHook, shells } from './run-hook.ts'
import { type ServiceDouble, startServiceDouble } from './service-double.ts'

let folder: string
let settings: Record<string, string>
let service: ServiceDouble

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'navarch-hooks-'))
  service = await startServiceDouble()
  settings = {
    OBSERVABILITY_URL: service.url,
    NAVARCH_HOOK_DIR: join(folder, 'no-agent'),
    NAVARCH_HOOK_QUEUE: join(folder, 'queue'),
    NAVARCH_HOOK_LOG_DIR: folder,
    NAVARCH_HOOK_SETTINGS: join(folder, 'hooks.env'),
    NAVARCH_HOOK_ROOT: join(folder, 'root'),
  }
})
afterEach(async () => {
  await service[Symbol.asyncDispose]()
  await rm(folder, { recursive: true, force: true, maxRetries: 20 })
})

const silent = { code: 0, stdout: '', stderr: '' }
const node = hostname().split('.')[0]

/** Runs a hook by hand, which waits for the service. @returns the event that came */
async function send(
  event: keyof typeof hookScript,
  environment: Record<string, string | Buffer>,
  shell = shells[0],
): Promise<Record<string, unknown>> {
  const before = service.received.length
  const { code, stderr, stdout } = await runHook(hookScript[event], { ...settings, ...environment }, shell)
  expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: '', stderr: expect.stringContaining('answered 200') })
  return service.received[before]?.body ?? {}
}

/** A file below the root that the hook takes for the machine's. */
async function place(path: string, text = ''): Promise<void> {
  const whole = join(folder, 'root', path)
  await mkdir(join(whole, '..'), { recursive: true })
  await writeFile(whole, text)
}

async function queued(): Promise<string[]> {
  return (await readdir(join(folder, 'queue')).catch(() => [])).filter((name) => name.endsWith('.json'))
}

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
    expect(service.received.map(({ path }) => path)).toEqual(['/v1/events/job-started', '/v1/events/job-finished'])
  })

  it.each(releases)('events of Slurm %s arrive after the hook has gone', async (release) => {
    const hooks = capturedHooks(release).filter(({ environment }) =>
      /^(4|6|15|22)$/.test(environment['SLURM_JOB_ID'] ?? ''),
    )
    for (const { event, environment } of hooks)
      expect(await runHook(hookScript[event], { ...environment, ...settings }, shell)).toEqual(silent)
    await service.reach(hooks.length)
    const bodies = service.received.map(({ body }) => body)
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

  it('an event that the service does not take now is kept, and sent by the next hook, the oldest first', async () => {
    const hook = { ...settings, SLURM_SCRIPT_CONTEXT: 'prolog_slurmd', SLURMD_NODENAME: 'n1' }
    service.answer.status = 503
    for (const job of ['1', '2']) {
      expect(await runHook(hookScript.prolog, { ...hook, SLURM_JOB_ID: job }, shell)).toEqual(silent)
      await expect
        .poll(async () => (await readdir(join(folder, 'queue'))).includes('.lock'), { timeout: 20_000 })
        .toBe(false)
    }
    expect(await queued()).toHaveLength(2)
    service.answer.status = 200
    expect(await runHook(hookScript.epilog, { ...hook, SLURM_JOB_ID: '3' }, shell)).toEqual(silent)
    await service.reach(3)
    expect(service.received.map(({ body }) => body['job_id']).sort()).toEqual(['1', '2', '3'])
    expect(service.received.at(-1)?.body['job_id']).toBe('3')
    await expect.poll(queued, { timeout: 20_000 }).toEqual([])
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
    await rm(join(folder, 'root/dev'), { recursive: true })
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
      join(folder, 'hooks.env'),
      `OBSERVABILITY_API_URL='${service.url}/v1/'\nOBSERVABILITY_TOKEN=s3cret\n`,
    )
    const { OBSERVABILITY_URL: _, ...others } = settings
    await runHook(hookScript.prolog, { ...others, SLURM_JOB_ID: '7' })
    expect(service.received).toMatchObject([{ path: '/v1/events/job-started', authorization: 'Bearer s3cret' }])
  })

  it('the environment wins over the file, under either name', async () => {
    await writeFile(join(folder, 'hooks.env'), 'OBSERVABILITY_URL=http://127.0.0.1:1\n')
    const { OBSERVABILITY_URL: url = '', ...others } = settings
    await runHook(hookScript.prolog, { ...others, OBSERVABILITY_API_URL: url, SLURM_JOB_ID: '7' })
    expect(service.received).toHaveLength(1)
  })

  it('an event that would never be taken does not hold up the others', async () => {
    await mkdir(join(folder, 'queue'))
    await writeFile(join(folder, 'queue', '1.1.started.1.json'), '{"job_id":"1"}')
    service.answer.status = 400
    const hook = { ...settings, SLURM_SCRIPT_CONTEXT: 'prolog_slurmd', SLURM_JOB_ID: '2' }
    await runHook(hookScript.prolog, hook)
    await expect.poll(queued, { timeout: 20_000 }).toEqual([])
    expect(await readdir(join(folder, 'queue/refused'))).toHaveLength(2)
    expect(await readFile(join(folder, 'observability-prolog.log'), 'utf8')).toContain(
      '1.1.started.1.json was refused (400)',
    )
  })

  it('what waited before the agent came is sent by the first hook beside it', async () => {
    await mkdir(join(folder, 'queue'))
    await mkdir(join(folder, 'no-agent'))
    await writeFile(join(folder, 'queue', '1.1.started.1.json'), '{"job_id":"1"}')
    const hook = { ...settings, SLURM_SCRIPT_CONTEXT: 'prolog_slurmd', SLURM_JOB_ID: '2' }
    expect(await runHook(hookScript.prolog, hook)).toEqual(silent)
    await service.reach(1)
    expect(service.received[0]?.body['job_id']).toBe('1')
    expect(await readdir(join(folder, 'no-agent'))).toHaveLength(1)
  })

  it('events of many hooks at once are all sent, without a further hook', async () => {
    const hook = { ...settings, SLURM_SCRIPT_CONTEXT: 'prolog_slurmd' }
    service.answer.delayMs = 20
    const jobs = Array.from({ length: 12 }, (_, index) => String(index + 1))
    const runs = jobs.map((job) => runHook(hookScript.prolog, { ...hook, SLURM_JOB_ID: job }))
    expect(await Promise.all(runs)).toEqual(jobs.map(() => silent))
    await service.reach(jobs.length)
    const ids = service.received.map(({ body }) => body['job_id'])
    expect(ids.sort()).toEqual([...jobs].sort())
  })

  it('an event that comes while another is refused for now is tried all the same', async () => {
    const hook = { ...settings, SLURM_SCRIPT_CONTEXT: 'prolog_slurmd' }
    service.answer = { status: 503, delayMs: 500 }
    await runHook(hookScript.prolog, { ...hook, SLURM_JOB_ID: '1' })
    await service.asked(1)
    service.answer = { status: 200, delayMs: 0 }
    await runHook(hookScript.prolog, { ...hook, SLURM_JOB_ID: '2' })
    await service.reach(2)
    expect(service.received.map(({ body }) => body['job_id'])).toEqual(['1', '2'])
  })

  it('a lock that a killed sender left is none', async () => {
    await mkdir(join(folder, 'queue'))
    await writeFile(join(folder, 'queue', '.lock'), '999999999 another-boot\n')
    await runHook(hookScript.prolog, { ...settings, SLURM_SCRIPT_CONTEXT: 'prolog_slurmd', SLURM_JOB_ID: '2' })
    await service.reach(1)
    expect(service.received[0]?.body['job_id']).toBe('2')
  })

  it('by hand, a service that is away is told, and the event is kept', async () => {
    const away = { ...settings, OBSERVABILITY_URL: 'http://127.0.0.1:1', SLURM_JOB_ID: '7' }
    const { code, stdout, stderr } = await runHook(hookScript.prolog, away)
    expect([code, stdout]).toEqual([0, ''])
    expect(stderr).toContain('http://127.0.0.1:1 did not take the event (000)')
    expect(stderr).toContain(`it waits in ${join(folder, 'queue')} for the next hook`)
    expect(await queued()).toHaveLength(1)
  })

  it.each([
    ['a job without an id', { SLURM_JOB_ID: '' }, 'SLURM_JOB_ID is not set'],
    [
      'an address that is none',
      { SLURM_JOB_ID: '7', OBSERVABILITY_URL: 'x"\nurl = "http://evil' },
      'OBSERVABILITY_URL must be',
    ],
    ['a token that would be two lines', { SLURM_JOB_ID: '7', OBSERVABILITY_TOKEN: 'a"\nx' }, 'is left out'],
    ['a timeout that is none', { SLURM_JOB_ID: '7', OBSERVABILITY_TIMEOUT: '08 seconds' }, 'answered 200'],
    [
      'numbers that are none',
      { SLURM_JOB_ID: '7', SLURM_JOB_RESTART_COUNT: '08', SLURM_JOB_CPUS_PER_NODE: '0x9(x09)' },
      'answered 200',
    ],
    ['a hostlist that is none', { SLURM_JOB_ID: '7', SLURM_JOB_NODELIST: 'n[1-,a[,]3-1]]],[x' }, 'answered 200'],
  ])('%s never fails a job', async (_, environment, told) => {
    for (const script of Object.values(hookScript)) {
      const { code, stdout, stderr } = await runHook(script, { ...settings, ...environment })
      expect([code, stdout]).toEqual([0, ''])
      expect(stderr).toContain(told)
    }
  })

  it('nothing that cannot be written fails a job', async () => {
    await mkdir(join(folder, 'queue'))
    await chmod(join(folder, 'queue'), 0o500)
    const nowhere = {
      NAVARCH_HOOK_QUEUE: '/proc/none',
      NAVARCH_HOOK_LOG_DIR: '/proc/none',
      OBSERVABILITY_URL: 'http://127.0.0.1:1',
    }
    const hook = { ...settings, ...nowhere, SLURM_SCRIPT_CONTEXT: 'prolog_slurmd', SLURM_JOB_ID: '7' }
    for (const script of Object.values(hookScript)) expect(await runHook(script, hook)).toEqual(silent)
  })
})
