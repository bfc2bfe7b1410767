import { readdirSync, readFileSync } from 'node:fs'
import { parseEnvironment } from '@navarch/slurm/hook-environment'
import { describe, expect, it } from 'vitest'
import { cpusOfNode, finishedByHook, identityOfHook, startedByHook } from './hook-event.ts'
import { gpusOfHook } from './job-gpus.ts'

const fixtures = new URL('../../../slurm/fixtures/', import.meta.url)
const at = Date.UTC(2026, 10, 21)

/** Environments that real hooks had, by version. */
const captures = readdirSync(fixtures, { withFileTypes: true }).flatMap((entry) => {
  if (!entry.isDirectory()) return []
  const text = readFileSync(new URL(`${entry.name}/hook-environments.txt`, fixtures), 'utf8')
  return text.split(/^== /m).flatMap((part) => {
    const [, hook = '', job = ''] = /^(\w+) job=(\d+) .*\n/.exec(part) ?? []
    return hook === ''
      ? []
      : [{ version: entry.name, hook, job, environment: parseEnvironment(part.replace(/^.*\n/, '').trimEnd()) }]
  })
})
const ofNode = captures.filter(({ hook }) => hook === 'prolog' || hook === 'epilog')

function started(environment: Record<string, string>, node?: string) {
  const identity = identityOfHook(environment)
  if (!identity) throw new Error('no identity')
  const gpus = node === undefined ? undefined : gpusOfHook(environment, { readings: [], order: [] })
  return startedByHook(identity, environment, { at, ...(node !== undefined && { node }), ...(gpus && { gpus }) })
}
function finished(environment: Record<string, string>) {
  const identity = identityOfHook(environment)
  if (!identity) throw new Error('no identity')
  return finishedByHook(identity, environment, { node: 'n1', at })
}

describe('events of real hooks', () => {
  it.each(['22.05', '23.11', '24.11', '25.11', '26.05'])(
    'of %s name the job, its user, its run and its nodes',
    (version) => {
      const prologs = ofNode.filter((capture) => capture.version === version && capture.hook === 'prolog')
      expect(prologs.length).toBeGreaterThan(3)
      for (const { job, environment } of prologs) {
        const node = environment['SLURMD_NODENAME'] ?? ''
        const event = started(environment, node)
        expect(event).toMatchObject({
          job_id: job,
          cluster: 'lab',
          restart: 0,
          user: 'root',
          node,
          partition: expect.any(String),
        })
        expect(event).toMatchObject({ node_list: expect.arrayContaining([node]), cpu_allocation: expect.any(Number) })
      }
    },
  )

  it('name GPUs as Slurm counts them where the driver shows none', () => {
    const environment = ofNode.find((capture) => capture.environment['SLURM_JOB_GPUS'] === '0,1')?.environment ?? {}
    expect(started(environment, 'n1')).toMatchObject({
      gpu_allocation: 2,
      gpu_vendor: 'nvidia',
      gpu_devices: ['0', '1'],
    })
  })

  it('tell that a job has no GPU', () => {
    expect(started({ SLURM_JOB_ID: '1' }, 'n1')).toMatchObject({ gpu_allocation: 0, gpu_vendor: 'none' })
  })

  it('of slurmctld speak of the whole job, with its name and array', () => {
    const [array] = captures.filter(
      ({ hook, environment }) => hook === 'prologctld' && environment['SLURM_ARRAY_TASK_ID'],
    )
    const event = started(array?.environment ?? {})
    expect(event).toMatchObject({
      array_job_id: expect.any(Number),
      array_task_id: expect.any(String),
      name: expect.any(String),
    })
    expect(event).not.toHaveProperty('node')
    expect(event).not.toHaveProperty('gpu_vendor')
  })

  it('keep hostile names as they are', () => {
    const [odd] = captures.filter(({ hook, job }) => hook === 'prologctld' && job === '4')
    expect(started(odd?.environment ?? {})).toMatchObject({ name: 'odd | name, "quoted"; ünïcode' })
  })
})

describe('events of hooks with odd values', () => {
  const job = { SLURM_JOB_ID: '1', SLURM_JOB_USER: 'ann' }

  it('are no larger than what the control plane takes, whatever a hook says', () => {
    const long = 'x'.repeat(1_000_000)
    const event = started(
      {
        ...job,
        SLURM_JOB_NAME: long,
        SLURM_JOB_WORK_DIR: long,
        SLURM_JOB_PARTITION: long,
        SLURM_CLUSTER_NAME: long,
        SLURM_NODELIST: `${long}[1-9]`,
        CUDA_VISIBLE_DEVICES: `${'0,'.repeat(100_000)}${long}`,
      },
      'n1',
    )
    expect(JSON.stringify(event).length).toBeLessThan(32_768)
    expect(event).toMatchObject({ name: 'x'.repeat(4096), partition: 'x'.repeat(255), gpu_allocation: 1024 })
  })

  it('cut no character in two', () => {
    expect(started({ ...job, SLURM_JOB_NAME: `x${'😀'.repeat(3000)}` })).toMatchObject({
      name: `x${'😀'.repeat(2047)}`,
    })
  })

  it('name the nodes of a large job as one hostlist', () => {
    const event = started({ ...job, SLURM_NODELIST: 'n[1-1000]', SLURM_JOB_CPUS_PER_NODE: '4(x999),2' }, 'n1000')
    expect(event).toMatchObject({ node_list: ['n[1-1000]'], cpu_allocation: 2 })
  })

  it('name their own node alone where the list of nodes cannot be read', () => {
    expect(started({ ...job, SLURM_NODELIST: 'n[1-' }, 'n1')).toMatchObject({ node_list: ['n1'] })
  })

  it('leave out what Slurm does not know', () => {
    const unknown = '4294967294'
    const event = started({ ...job, SLURM_JOB_RESTART_COUNT: unknown, SLURM_ARRAY_JOB_ID: unknown }, 'n1')
    expect(event).not.toHaveProperty('restart')
    expect(event).not.toHaveProperty('array_job_id')
  })
})

describe('the end by an epilog', () => {
  const end = (raw: string) => finished({ SLURM_JOB_ID: '1', SLURM_JOB_EXIT_CODE: raw })
  it.each([
    ['0', { exit_code: 0, final_state: 'completed' }],
    ['256', { exit_code: 1, final_state: 'failed' }],
    ['9', { exit_code: 0, signal: 9, final_state: 'failed' }],
    ['139', { exit_code: 0, signal: 11 }],
    ['253', { exit_code: 0, signal: 125 }],
  ])('decodes the wait status %s', (raw, expected) => {
    expect(end(raw)).toMatchObject(expected)
  })

  it('has no signal where none ended the job', () => {
    expect(end('256')).not.toHaveProperty('signal')
  })

  it('reads the second form too, and knows nothing where there is none', () => {
    expect(finished({ SLURM_JOB_ID: '1', SLURM_JOB_EXIT_CODE2: '3:0' })).toMatchObject({ exit_code: 3 })
    expect(finished({ SLURM_JOB_ID: '1' })).not.toHaveProperty('exit_code')
  })
})

describe('cpusOfNode', () => {
  it.each([
    ['4', 0, 4],
    ['2(x3),1', 2, 2],
    ['2(x3),1', 3, 1],
    ['2(x3),1', 4, undefined],
    ['2(x3),1', -1, undefined],
    ['many', 0, undefined],
    [undefined, 0, undefined],
  ])('reads %s at %d', (text, index, cpus) => {
    expect(cpusOfNode(text, index)).toBe(cpus)
  })
})

it('no environment without a job id is a hook of a job', () => {
  expect(identityOfHook({})).toBeUndefined()
  expect(identityOfHook({ SLURM_JOB_ID: '1; rm -rf /' })).toBeUndefined()
})
