import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { capture } from '../test/captures.ts'
import { createSlurmClient } from './client.ts'
import type { CommandOptions, CommandResult, RunCommand } from './run-command.ts'

const clock = { now: () => 0, sleep: async () => {} }
/** The capture is older than exit_code, which comes before Dependency, Licenses and the name. */
const squeue = readFileSync(new URL('../fixtures/22.05/squeue-fields.txt', import.meta.url), 'utf8')
  .split('\x1e\n')
  .map((record) => (record === '' ? '' : record.split('\x1f').toSpliced(-3, 0, '0').join('\x1f')))
  .join('\x1e\n')

interface Call {
  line: string
  options: CommandOptions
}

/** Answers commands from the captures of 22.05, or by `override` where that gives something. */
function replay(override: (line: string) => Partial<CommandResult> | Error | undefined = () => undefined) {
  const calls: Call[] = []
  const run: RunCommand = async (program, args, options) => {
    const line = [program, ...args].join(' ')
    calls.push({ line, options })
    const other = override(line)
    if (other instanceof Error) throw other
    return { code: 0, signal: null, stdout: answer(line), stderr: '', ...other }
  }
  return { calls, client: createSlurmClient({ run, clock, bin: '/opt/slurm/bin/', conf: '/etc/slurm/slurm.conf' }) }
}

function answer(line: string): string {
  if (line.includes('--version')) return 'slurm-wlm 22.05.8\n'
  if (line.includes('show nodes') || line.includes('show node')) return capture('22.05', 'show-nodes-future.txt')
  if (line.includes('show partitions')) return capture('22.05', 'show-partitions.txt')
  if (line.includes('show config')) return capture('22.05', 'show-config.txt')
  if (line.includes('show job')) return capture('22.05', 'show-jobs.txt')
  if (line.includes('sdiag')) return capture('22.05', 'sdiag.txt')
  if (line.includes(' -O ')) return squeue
  if (line.includes('squeue')) return '6\x1fn2\x1e\n'
  return ''
}

describe('snapshot', () => {
  it('is one look of five commands, in UTC, with array tasks whole and no login settings', async () => {
    const { client, calls } = replay()
    const [one, two] = await Promise.all([client.snapshot(), client.snapshot()])
    expect(one).toBe(two)
    expect(calls.map((call) => call.line.replace(/ -O .*/s, ' -O').replace(/ -o %A.*/s, ' -o'))).toEqual([
      '/opt/slurm/bin/scontrol --version',
      '/opt/slurm/bin/sdiag',
      '/opt/slurm/bin/scontrol -a -F -d -o show nodes',
      '/opt/slurm/bin/squeue -a -h -t all -O',
      '/opt/slurm/bin/squeue -a -h -t PD -o',
      '/opt/slurm/bin/scontrol -a -o show partitions',
    ])
    for (const { options } of calls) {
      expect(options.deadlineMs).toBe(10_000)
      expect(options.env).toMatchObject({ TZ: 'UTC', SLURM_BITSTR_LEN: '0', SLURM_CONF: '/etc/slurm/slurm.conf' })
      expect(Object.keys(options.env ?? {})).toContain('SQUEUE_FORMAT')
    }
    expect(one.nodes.map((node) => node.name)).toContain('fut1')
    expect(one.partitions).toHaveLength(6)
    expect(one.jobs.find((job) => job.id === 6)?.request.excludedNodes).toBe('n2')
    expect(one.diag?.jobsSubmitted).toBe(43)
    expect(one.costs).toHaveLength(5)
    expect(one.problems).toEqual([])
  })

  it('reads again only what has changed since the look before, and what a job excludes anew each time', async () => {
    let excluded = 'n2'
    let reason = 'Reason=Not responding'
    const { client } = replay((line) => {
      if (line.includes('show nodes')) return { stdout: answer(line).replace(/Reason=[^[]*\[/, `${reason} [`) }
      return line.includes(' -o %A') ? { stdout: `6\x1f${excluded}\x1e\n` } : undefined
    })
    const one = await client.snapshot()
    excluded = 'n1'
    reason = 'Reason=fan'
    const two = await client.snapshot()
    const changed = two.nodes.filter((node, at) => node !== one.nodes[at])
    expect(changed.map((node) => node.reason)).toEqual(['fan'])
    const job = ({ jobs }: typeof one, id: number) => jobs.find((candidate) => candidate.id === id)
    expect(job(two, 6)?.request.excludedNodes).toBe('n1')
    expect(two.jobs.filter((each) => each !== job(one, each.id)).map(({ id }) => id)).toEqual([6])
  })

  it('survives sdiag, and shows what it could not read', async () => {
    const { client } = replay((line) => {
      if (line.includes('sdiag')) return { code: 1, stderr: 'sdiag: error: Access/permission denied' }
      if (line.includes('show nodes')) return { stdout: `NodeName=odd State=GREEN\n${answer(line)}` }
      return undefined
    })
    const snapshot = await client.snapshot()
    expect(snapshot.diag).toBeUndefined()
    expect(snapshot.nodes.length).toBeGreaterThan(5)
    expect(snapshot.problems.map(({ kind }) => kind)).toEqual(['diag', 'node'])
  })

  it('fails as a whole when nodes or jobs cannot be had', async () => {
    const { client } = replay((line) =>
      line.includes(' -O ')
        ? { code: 1, stderr: 'slurm_load_jobs error: Unable to contact slurm controller (connect failure)' }
        : undefined,
    )
    await expect(client.snapshot()).rejects.toMatchObject({ code: 'unreachable' })
  })
})

it('asks for the version again after a failure, since Slurm may have been upgraded', async () => {
  let down = false
  const { client, calls } = replay((line) =>
    down && line.includes('show nodes') ? { code: 1, stderr: 'connect failure' } : undefined,
  )
  const asked = () => calls.filter((call) => call.line.includes('--version')).length
  await client.snapshot()
  await client.snapshot()
  expect(asked()).toBe(1)
  down = true
  await expect(client.snapshot()).rejects.toMatchObject({ code: 'unreachable' })
  down = false
  await client.snapshot()
  expect(asked()).toBe(2)
})

describe('errors', () => {
  const failing = (result: Partial<CommandResult> | Error) => replay(() => result).client
  const coded = (code: string) => Object.assign(new Error('x'), { code })

  it.each([
    ['slurm_load_jobs error: Unable to contact slurm controller (connect failure)', 'unreachable'],
    ['slurm_update error: Socket timed out on send/recv operation', 'unreachable'],
    ['slurm_update error: Invalid node name specified', 'not-found'],
    ['slurm_update error: Invalid user id', 'permission'],
    ['slurm_update error: Access/permission denied', 'permission'],
    ['slurm_update error: Invalid node state specified', 'refused'],
    ['slurm_update error: Requested nodes are busy', 'refused'],
    ['You must specify a reason when DOWNING or DRAINING a node. Request denied', 'refused'],
    ['scontrol: error: something else', 'failed'],
    ['', 'failed'],
  ])('%j is %s', async (stderr, code) => {
    const update = failing({ code: 1, stderr }).updateNode('n1', { state: 'DRAIN', reason: 'x' })
    await expect(update).rejects.toMatchObject({
      name: 'SlurmError',
      code,
      stderr,
      command: expect.stringContaining('scontrol update'),
    })
  })

  it('tells a deadline, a missing program and unreadable output apart', async () => {
    await expect(failing(coded('command_timeout')).showConfig()).rejects.toMatchObject({ code: 'timeout' })
    await expect(failing(coded('command_start')).showConfig()).rejects.toMatchObject({ code: 'missing-command' })
    await expect(failing({ stdout: 'hello' }).showConfig()).rejects.toMatchObject({ code: 'parse' })
    await expect(failing({ stdout: 'hello' }).version()).rejects.toMatchObject({ code: 'parse' })
  })

  it('finds errors on standard output too', async () => {
    const client = failing({ code: 1, stdout: 'Node nosuch not found\n' })
    await expect(client.showNode('nosuch')).rejects.toMatchObject({ code: 'not-found' })
  })
})

describe('changes', () => {
  it('passes each value as one argument, in batches of a hundred nodes', async () => {
    const { client, calls } = replay()
    const names = Array.from({ length: 150 }, (_, index) => `n${index + 1}`)
    await client.updateNode(names, { state: 'DRAIN', reason: 'navarch: a "b" | c=d; $(e)' })
    expect(calls.map((call) => call.line)).toEqual([
      '/opt/slurm/bin/scontrol update NodeName=n[1-100] State=DRAIN Reason=navarch: a "b" | c=d; $(e)',
      '/opt/slurm/bin/scontrol update NodeName=n[101-150] State=DRAIN Reason=navarch: a "b" | c=d; $(e)',
    ])
  })

  it('runs nothing for a name, key or value that could mean something else', async () => {
    const { client, calls } = replay()
    for (const name of ['-x', 'a b', 'n1;reboot', '', 'n1\nn2'])
      await expect(client.updateNode(name, { state: 'RESUME' })).rejects.toMatchObject({ code: 'refused' })
    await expect(client.updateNode('n1', { reason: 'two\nlines' })).rejects.toMatchObject({ code: 'refused' })
    await expect(client.createNode('n1', { 'State X': 'CLOUD' })).rejects.toMatchObject({ code: 'refused' })
    expect(calls).toEqual([])
  })

  it('reads one node, one job and the controllers', async () => {
    const { client } = replay((line) =>
      line.includes('ping')
        ? { code: 1, stdout: 'Slurmctld(primary) at a is DOWN\nSlurmctld(backup) at b is UP\n' }
        : undefined,
    )
    expect((await client.showNode('fut1')).state.base).toBe('FUTURE')
    const detail = await client.jobDetail(4)
    expect(detail.job.name).toBe('odd | name, "quoted"; ünïcode')
    expect(detail.fields['ReqB:S:C:T']).toBe('0:0:*:*')
    await expect(client.jobDetail(777)).rejects.toMatchObject({ code: 'not-found' })
    expect(await client.ping()).toEqual([
      { host: 'a', role: 'primary', up: false },
      { host: 'b', role: 'backup', up: true },
    ])
  })
})
