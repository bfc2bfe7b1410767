import type { JobJson } from '@navarch/api/jobs'
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
  return { world, ids: { ...ids, cancelled, requeued } }
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
      const near = runs.map((run) => Math.abs(Date.parse(run.start_time) - row.start))
      const run = runs[near.indexOf(Math.min(...near))]
      expect.soft(run, `job ${row.id}`).toBeDefined()
      if (!run) continue
      const said = `${suite} ${row.id} ${row.state}`
      expect.soft(run.scheduler?.raw_state, said).toBe(row.state)
      // Accounting has no exit status of these two; the controller has the signal that ended the script.
      const exits = /TIMEOUT|CANCELLED/.test(row.state) ? ['0:0', '0:15'] : [row.exit]
      expect.soft(exits, said).toContain(`${run.scheduler?.exit_code ?? 0}:${run.signal ?? 0}`)
      expect.soft(run.nodes, said).toEqual(expandNodes(row.nodes))
      expect.soft(Math.abs(Date.parse(run.start_time) - row.start), said).toBeLessThanOrEqual(1000)
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
