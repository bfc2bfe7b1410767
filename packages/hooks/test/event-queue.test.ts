import { chmod, mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { silent, usePostingWorld } from './posting-world.ts'
import { hookScript, runHook, shells } from './run-hook.ts'

const { folder, settings, service, queued } = usePostingWorld()

describe.each(shells)('what waits for the service, sent by $name', (shell) => {
  it('an event that the service does not take now is kept, and sent by the next hook, the oldest first', async () => {
    const hook = { ...settings(), SLURM_SCRIPT_CONTEXT: 'prolog_slurmd', SLURMD_NODENAME: 'n1' }
    service().answer.status = 503
    for (const job of ['1', '2']) {
      expect(await runHook(hookScript.prolog, { ...hook, SLURM_JOB_ID: job }, shell)).toEqual(silent)
      await expect
        .poll(async () => (await readdir(join(folder(), 'queue'))).includes('.lock'), { timeout: 20_000 })
        .toBe(false)
    }
    expect(await queued()).toHaveLength(2)
    service().answer.status = 200
    expect(await runHook(hookScript.epilog, { ...hook, SLURM_JOB_ID: '3' }, shell)).toEqual(silent)
    await service().reach(3)
    expect(
      service()
        .received.map(({ body }) => body['job_id'])
        .sort(),
    ).toEqual(['1', '2', '3'])
    expect(service().received.at(-1)?.body['job_id']).toBe('3')
    await expect.poll(queued, { timeout: 20_000 }).toEqual([])
  })
})

describe('what waits for the service', () => {
  it('an event that would never be taken does not hold up the others', async () => {
    await mkdir(join(folder(), 'queue'))
    await writeFile(join(folder(), 'queue', '1.1.started.1.json'), '{"job_id":"1"}')
    service().answer.status = 400
    const hook = { ...settings(), SLURM_SCRIPT_CONTEXT: 'prolog_slurmd', SLURM_JOB_ID: '2' }
    await runHook(hookScript.prolog, hook)
    await expect.poll(queued, { timeout: 20_000 }).toEqual([])
    expect(await readdir(join(folder(), 'queue/refused'))).toHaveLength(2)
    expect(await readFile(join(folder(), 'observability-prolog.log'), 'utf8')).toContain(
      '1.1.started.1.json was refused (400)',
    )
  })

  it('of events that would never be taken a thousand are kept', async () => {
    const refused = join(folder(), 'queue/refused')
    await mkdir(refused, { recursive: true })
    await Promise.all(Array.from({ length: 999 }, (_, index) => writeFile(join(refused, `${index}.json`), '')))
    service().answer.status = 400
    for (const job of ['1', '2']) {
      await runHook(hookScript.prolog, { ...settings(), SLURM_SCRIPT_CONTEXT: 'prolog_slurmd', SLURM_JOB_ID: job })
      await service().asked(Number(job))
      await expect.poll(queued, { timeout: 20_000 }).toEqual([])
      expect(await readdir(refused)).toHaveLength(1000)
    }
  })

  it('follows no link where its log should be', async () => {
    const target = join(folder(), 'target')
    await writeFile(target, 'kept')
    await symlink(target, join(folder(), 'observability-prolog.log'))
    service().answer.status = 400
    await runHook(hookScript.prolog, { ...settings(), SLURM_SCRIPT_CONTEXT: 'prolog_slurmd', SLURM_JOB_ID: '2' })
    await expect
      .poll(() => readdir(join(folder(), 'queue/refused')).catch(() => []), { timeout: 20_000 })
      .toHaveLength(1)
    expect(await readFile(target, 'utf8')).toBe('kept')
  })

  it('what waited before the agent came is sent by the first hook beside it', async () => {
    await mkdir(join(folder(), 'queue'))
    await mkdir(join(folder(), 'no-agent'))
    await writeFile(join(folder(), 'queue', '1.1.started.1.json'), '{"job_id":"1"}')
    const hook = { ...settings(), SLURM_SCRIPT_CONTEXT: 'prolog_slurmd', SLURM_JOB_ID: '2' }
    expect(await runHook(hookScript.prolog, hook)).toEqual(silent)
    await service().reach(1)
    expect(service().received[0]?.body['job_id']).toBe('1')
    expect(await readdir(join(folder(), 'no-agent'))).toHaveLength(1)
  })

  it('events of many hooks at once are all sent, without a further hook', async () => {
    const hook = { ...settings(), SLURM_SCRIPT_CONTEXT: 'prolog_slurmd' }
    service().answer.delayMs = 20
    const jobs = Array.from({ length: 12 }, (_, index) => String(index + 1))
    const runs = jobs.map((job) => runHook(hookScript.prolog, { ...hook, SLURM_JOB_ID: job }))
    expect(await Promise.all(runs)).toEqual(jobs.map(() => silent))
    await service().reach(jobs.length)
    const ids = service().received.map(({ body }) => body['job_id'])
    expect(ids.sort()).toEqual([...jobs].sort())
  })

  it('an event that comes while another is refused for now is tried all the same', async () => {
    const hook = { ...settings(), SLURM_SCRIPT_CONTEXT: 'prolog_slurmd' }
    service().answer = { status: 503, delayMs: 500 }
    await runHook(hookScript.prolog, { ...hook, SLURM_JOB_ID: '1' })
    await service().asked(1)
    service().answer = { status: 200, delayMs: 0 }
    await runHook(hookScript.prolog, { ...hook, SLURM_JOB_ID: '2' })
    await service().reach(2)
    expect(service().received.map(({ body }) => body['job_id'])).toEqual(['1', '2'])
  })

  it('a lock that a killed sender left is none', async () => {
    await mkdir(join(folder(), 'queue'))
    await writeFile(join(folder(), 'queue', '.lock'), '999999999 another-boot\n')
    await runHook(hookScript.prolog, { ...settings(), SLURM_SCRIPT_CONTEXT: 'prolog_slurmd', SLURM_JOB_ID: '2' })
    await service().reach(1)
    expect(service().received[0]?.body['job_id']).toBe('2')
  })

  it('by hand, a service that is away is told, and the event is kept', async () => {
    const away = { ...settings(), OBSERVABILITY_URL: 'http://127.0.0.1:1', SLURM_JOB_ID: '7' }
    const { code, stdout, stderr } = await runHook(hookScript.prolog, away)
    expect([code, stdout]).toEqual([0, ''])
    expect(stderr).toContain('http://127.0.0.1:1 did not take the event (000)')
    expect(stderr).toContain(`it waits in ${join(folder(), 'queue')} for the next hook`)
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
      const { code, stdout, stderr } = await runHook(script, { ...settings(), ...environment })
      expect([code, stdout]).toEqual([0, ''])
      expect(stderr).toContain(told)
    }
  })

  it('nothing that cannot be written fails a job', async () => {
    await mkdir(join(folder(), 'queue'))
    await chmod(join(folder(), 'queue'), 0o500)
    const nowhere = {
      NAVARCH_HOOK_QUEUE: '/proc/none',
      NAVARCH_HOOK_LOG_DIR: '/proc/none',
      OBSERVABILITY_URL: 'http://127.0.0.1:1',
    }
    const hook = { ...settings(), ...nowhere, SLURM_SCRIPT_CONTEXT: 'prolog_slurmd', SLURM_JOB_ID: '7' }
    for (const script of Object.values(hookScript)) expect(await runHook(script, hook)).toEqual(silent)
  })
})
