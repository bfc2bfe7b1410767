import type { JobJson, JobReportJson } from '@navarch/api/jobs'
import type { EventJson } from '@navarch/api/rest'
import { type LabRoot, suites } from '@navarch/lab/roots'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type JobsOnSlurm, startJobsOnSlurm } from './lab/jobs-on-slurm.ts'
import { rootOrReason } from './lab/pool-on-slurm.ts'
import { until } from './lab/until.ts'

/** One row of `sacct -X --duplicates`. */
interface AccountedJob {
  id: string
  rawId: string
  state: string
  exit: string
  start: number
  end: number
  nodes: string
}

const availability = await Promise.all(suites.map(async (suite) => ({ suite, ...(await rootOrReason(suite)) })))

/** A cluster with every kind of job, all of them over. */
interface Played {
  world: JobsOnSlurm
  ids: Record<string, number>
}

const played = new Map<string, Played>()
const worlds: JobsOnSlurm[] = []

beforeAll(async () => {
  // The time limit takes minutes on each of them: all at once.
  await Promise.all(
    availability.map(async ({ suite, root }) => {
      if (root) played.set(suite, await play(root))
    }),
  )
}, 600_000)
afterAll(async () => {
  await Promise.all(worlds.map((world) => world.end()))
}, 120_000)

async function play(root: LabRoot): Promise<Played> {
  const world = await startJobsOnSlurm({ root, nodes: 2, extra: ['OverTimeLimit=0', 'KillWait=2', 'JobRequeue=1'] })
  worlds.push(world)
  const { submit, slurm } = world
  const jobState = (id: number) => slurm('squeue', '-h', '-j', String(id), '-o', '%T')
  await until('both nodes are idle', async () => (await slurm('sinfo', '-h', '-t', 'idle', '-o', '%D')) === '2', 60_000)
  const ids: Record<string, number> = {}
  await world.on('n1', `install -d -o ${uid} -g ${uid} ${notes}; install -m 0666 -o 34 -g 34 /dev/null ${others}`)
  // Over long before the others: a note would come 20 s after its end.
  ids['unnoted'] = await submitAsUser(world, 'unnoted', 'echo working; exit 3')
  ids['timeout'] = await submit('sleep 600', '--time=1', '-n1', '--job-name=timeout')
  ids['ok'] = await submit('sleep 3', '--gres=gpu:1', '--job-name=ok')
  ids['exit1'] = await submit('exit 1', '--job-name=exit1')
  ids['killed'] = await submit('kill -9 $$', '--job-name=killed')
  ids['second'] = await submit('sleep 1', '--job-name=second')
  ids['span'] = await submit('srun -N2 -n2 sleep 2', '-N2', '-n2', '--job-name=span')
  const cancelled = await submit('sleep 600', '--job-name=cancelled')
  ids['array'] = await submit('sleep 0.2', '--array=1-20', '--job-name=array')
  // Slurm sets the variable from the second run on.
  const requeued = await submit('[ -n "$SLURM_RESTART_COUNT" ] || sleep 600; exit 3', '--requeue')
  await until('the job to cancel runs', async () => (await jobState(cancelled)) === 'RUNNING', 60_000)
  await slurm('scancel', String(cancelled))
  await until('the job to requeue runs', async () => (await jobState(requeued)) === 'RUNNING', 60_000)
  // Its prolog has run by then; one that never began leaves no trace but in accounting.
  await until('its start is known', async () => (await world.job(requeued))?.state === 'running', 30_000)
  await slurm('scontrol', 'requeue', String(requeued))
  const left = () => slurm('squeue', '-h', '-t', 'all', '-o', '%T')
  const unfinished = /PENDING|RUNNING|COMPLETING|REQUEUED|CONFIGURING/
  await until('all jobs are over', async () => !unfinished.test(await left()), 300_000)

  await world.plane.stop()
  await world.restart('jobs: {output_file: true}')
  ids['noted'] = await submitAsUser(world, 'noted', 'echo working; exit 3')
  const own = (name: string) => `${notes}/${name}-$SLURM_JOB_ID.out`
  const link = `rm ${own('linked')}; ln -s ${others} ${own('linked')}`
  ids['linked'] = await submitAsUser(world, 'linked', `echo working; ${link}; exit 3`)
  ids['locked'] = await submitAsUser(world, 'locked', `echo working; chmod 0400 ${own('locked')}; exit 3`)
  const told = async () => {
    const events = await noteEvents(world)
    return ['noted', 'linked', 'locked'].every((name) => events.some((event) => event.includes(`${notes}/${name}-`)))
  }
  await until('all notes are written or refused', told, 120_000, 500)
  return { world, ids: { ...ids, cancelled, requeued } }
}

/** www-data of Debian, and a folder of its own on n1 for output files. */
const uid = 33
const notes = '/srv/notes'
/** Of another user, who lets everybody write. */
const others = `${notes}/others`

/** Submits from the head as the user; the script has no single quotes. The output file is a pattern. */
async function submitAsUser(world: JobsOnSlurm, name: string, script: string): Promise<number> {
  const user = `setpriv --reuid=${uid} --regid=${uid} --clear-groups`
  const options = `-w n1 --chdir=/tmp --job-name=${name} --output=${notes}/${name}-%j.out`
  const printed = await world.on(
    world.cluster.head.name,
    `${user} sbatch --parsable ${options} --wrap='${script}' 2>&1`,
  )
  if (!/^\d+$/.test(printed)) throw new Error(`sbatch of ${name}: ${printed}`)
  return Number(printed)
}

/** What became of notes, as the node's events tell it. */
async function noteEvents(world: JobsOnSlurm): Promise<string[]> {
  const events = await world.get<EventJson[]>('/api/v1/events?limit=10000')
  return events.flatMap(({ type, message }) => (type === 'command' ? [message] : []))
}

describe.each(availability)('jobs of Slurm on $suite', ({ suite, root, reason }) => {
  const of = (): Played => {
    const found = played.get(suite)
    if (!found) throw new Error(`there is no cluster of ${suite}`)
    return found
  }
  const on = () => of().world
  const id = (kind: string): number => of().ids[kind] ?? 0

  const ended = async (job: string | number): Promise<JobJson> => {
    await expect
      .poll(async () => (await on().job(job))?.confirmed, { timeout: 30_000, interval: 300, message: `job ${job}` })
      .toBe(true)
    const found = await on().job(job)
    if (!found) throw new Error(`job ${job} is gone`)
    return found
  }

  test.skipIf(!root)(`each kind has its state and its cause${reason ? ` (skipped: ${reason})` : ''}`, async () => {
    const end = (job: JobJson) => [job.state, job.scheduler?.raw_state, job.scheduler?.exit_code, job.signal ?? 0]
    expect(end(await ended(id('ok')))).toEqual(['completed', 'COMPLETED', 0, 0])
    expect(end(await ended(id('exit1')))).toEqual(['failed', 'FAILED', 1, 0])
    expect(end(await ended(id('killed')))).toEqual(['failed', 'FAILED', 0, 9])
    expect(end(await ended(id('second')))).toEqual(['completed', 'COMPLETED', 0, 0])
    expect((await ended(id('timeout'))).scheduler?.raw_state).toBe('TIMEOUT')
    expect((await ended(id('timeout'))).state).toBe('failed')
    expect((await ended(id('cancelled'))).scheduler?.raw_state).toBe('CANCELLED')
    expect((await ended(id('cancelled'))).state).toBe('cancelled')
    expect((await ended(id('span'))).nodes).toEqual(['n1', 'n2'])
  })

  test.skipIf(!root)('every run has the state, exit status, nodes and times of accounting', async () => {
    const rows = await accounted(on())
    expect(rows.length).toBeGreaterThanOrEqual(29)
    for (const row of rows) {
      const runs = await on().get<JobJson[]>(`/v1/jobs/${row.rawId}/runs`)
      const near = runs.map((run) => Math.abs(Date.parse(run.start_time ?? '') - row.start))
      const run = runs[near.indexOf(Math.min(...near))]
      expect.soft(run, `job ${row.id}`).toBeDefined()
      if (!run) continue
      const said = `${suite} ${row.id} ${row.state}`
      expect.soft(run.scheduler?.raw_state, said).toBe(row.state)
      // Accounting has no exit status of these two; the controller has the signal that ended the script.
      const exits = /TIMEOUT|CANCELLED/.test(row.state) ? ['0:0', '0:15'] : [row.exit]
      expect.soft(exits, said).toContain(`${run.scheduler?.exit_code ?? 0}:${run.signal ?? 0}`)
      expect.soft(run.nodes, said).toEqual(expandNodes(row.nodes))
      expect.soft(Math.abs(Date.parse(run.start_time ?? '') - row.start), said).toBeLessThanOrEqual(1000)
      expect.soft(Math.abs(Date.parse(run.end_time ?? '') - row.end), said).toBeLessThanOrEqual(1000)
    }
  })

  test.skipIf(!root)('runs of a requeued job and tasks of an array are told apart', async () => {
    const runs = await on().get<JobJson[]>(`/v1/jobs/${id('requeued')}/runs`)
    expect(runs.map((run) => run.run_id)).toEqual([`${id('requeued')}-r1`, `${id('requeued')}-r0`])
    expect(runs[0]).toMatchObject({ state: 'failed', scheduler: { exit_code: 3 } })
    expect(runs[1]?.state).toBe('cancelled')
    for (let task = 1; task <= 20; task++) {
      const job = await on().job(`${id('array')}_${task}`)
      expect(job, `task ${task}`).toMatchObject({ state: 'completed', array_task_id: String(task) })
    }
    expect(await on().job(`slurm-${id('ok')}`)).toMatchObject({ id: String(id('ok')) })
  })

  test.skipIf(!root)('a job with a GPU has its UUID, its samples and a report', async () => {
    const job = await ended(id('ok'))
    expect(job.gpus).toHaveLength(1)
    expect(job.gpus[0]?.uuid).toMatch(/^GPU-/)
    expect(job.usage_source).not.toBe('none')
    expect(job.sample_count).toBeGreaterThan(0)
    const report = await on().get<{ verdict: { cause: string; sentence: string } }>(`/v1/jobs/${id('ok')}/report`)
    expect(report.verdict.cause).toBe('none')
    const failed = await on().get<{ verdict: { cause: string; sentence: string } }>(`/v1/jobs/${id('exit1')}/report`)
    expect(failed.verdict.cause).toBe('code')
    const killed = await on().get<{ verdict: { cause: string; sentence: string } }>(`/v1/jobs/${id('killed')}/report`)
    expect(killed.verdict).toMatchObject({ cause: 'unknown', sentence: expect.stringContaining('signal 9 (SIGKILL)') })
    const late = await on().get<{ verdict: { cause: string; sentence: string } }>(`/v1/jobs/${id('timeout')}/report`)
    expect(late.verdict).toMatchObject({ cause: 'limit', sentence: expect.stringContaining('--time') })
  })
})

describe.each(availability)('the note in an output file on $suite', ({ suite, root, reason }) => {
  const of = (kind: string): { world: JobsOnSlurm; id: number; path: string } => {
    const found = played.get(suite)
    const id = found?.ids[kind]
    if (!found || id === undefined) throw new Error(`there is no job ${kind} on ${suite}`)
    return { world: found.world, id, path: `${notes}/${kind}-${id}.out` }
  }
  const eventOf = async (kind: string) => {
    const { world, path } = of(kind)
    return (await noteEvents(world)).find((message) => message.includes(path))
  }

  test.skipIf(!root)(`is the verdict, after what the job wrote${reason ? ` (skipped: ${reason})` : ''}`, async () => {
    const { world, id, path } = of('noted')
    const lines = (await world.on('n1', `cat ${path}`)).split('\n')
    const { verdict } = await world.get<JobReportJson>(`/v1/jobs/${id}/report`)
    expect(lines.slice(0, 2)).toEqual(['working', ''])
    expect(lines[2]).toBe(`== navarch: job ${id} `.padEnd(80, '='))
    expect(lines[3]).toContain(verdict.sentence)
    expect(lines.at(-1)).toBe('='.repeat(80))
    expect(await world.on('n1', `stat -c %u ${path}`)).toBe(String(uid))
    expect(await eventOf('noted')).toContain(`done: written to ${path}`)
  })

  test.skipIf(!root)("is written with the user's rights: not where the user may not write", async () => {
    const { world, path } = of('locked')
    expect(await world.on('n1', `cat ${path}`)).toBe('working')
    expect(await eventOf('locked')).toMatch(/failed: no note in the output file: .*: Permission denied/)
  })

  test.skipIf(!root)("follows no link to another's file", async () => {
    const { world, path } = of('linked')
    expect(await world.on('n1', `readlink ${path}; stat -c %s ${others}`)).toBe(`${others}\n0`)
    expect(await eventOf('linked')).toContain('it is a symbolic link')
  })

  test.skipIf(!root)('is not written where notes are off, nor afterwards', async () => {
    const { world, id, path } = of('unnoted')
    expect((await world.job(id))?.scheduler?.exit_code).toBe(3)
    expect(await world.on('n1', `cat ${path}`)).toBe('working')
    expect(await eventOf('unnoted')).toBeUndefined()
  })
})

async function accounted(world: JobsOnSlurm): Promise<AccountedJob[]> {
  const format = 'JobID,JobIDRaw,State,ExitCode,Start,End,NodeList'
  const printed = await world.slurm('sacct', '-n', '-P', '-X', '-D', '-a', `--format=${format}`)
  return printed.split('\n').map((line) => {
    const [id = '', rawId = '', state = '', exit = '', start = '', end = '', nodes = ''] = line.split('|')
    return { id, rawId, state: state.split(' ')[0] ?? '', exit, start: time(start), end: time(end), nodes }
  })
}

/** Hosts of the lab keep UTC. */
function time(text: string): number {
  return Date.parse(`${text}Z`)
}

function expandNodes(text: string): string[] {
  return text === 'n[1-2]' ? ['n1', 'n2'] : [text]
}
