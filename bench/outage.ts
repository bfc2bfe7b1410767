/**
 * Whether jobs are lost while the service is away: a real Slurm with agents and hooks on two hosts, the control plane killed, 500 jobs
 * meanwhile, and every one of them complete in the API afterwards.
 *
 *   npm run bench:outage [-- --minutes 10 --jobs 500]
 *
 * Needs root and the lab's packages, like `npm test`. Exits 1 when a job is missing or differs from Slurm's accounting.
 */
import { parseArgs } from 'node:util'
import { systemClock } from '@navarch/system/clock'
import { startJobsOnSlurm } from '../e2e/lab/jobs-on-slurm.ts'
import { rootOrReason } from '../e2e/lab/pool-on-slurm.ts'
import { report } from './report.ts'

const { values } = parseArgs({
  options: { minutes: { type: 'string', default: '10' }, jobs: { type: 'string', default: '500' } },
})
const count = Number(values.jobs)
/** Time for what waited to arrive, ms. */
const catchUpMs = 120_000

const { root, reason } = await rootOrReason('bookworm')
if (!root) {
  process.stderr.write(`bench/outage: ${reason}\n`)
  process.exit(1)
}
const world = await startJobsOnSlurm({ root, nodes: 2, extra: ['MaxArraySize=2000'] })
try {
  while ((await world.slurm('sinfo', '-h', '-t', 'idle', '-o', '%D')) !== '2') await systemClock.sleep(500)
  while ((await world.get<unknown[]>('/api/v1/nodes')).length < 2) await systemClock.sleep(500)
  await world.plane.kill()
  const awayAt = systemClock.now()
  const array = await world.submit('[ $((SLURM_ARRAY_TASK_ID % 10)) = 0 ] && exit 7; sleep 0.3', `--array=1-${count}`)
  const left = () => world.slurm('squeue', '-h', '-r', '-j', String(array), '-o', '%T').then(lines, () => [])
  while ((await left()).length > 0) await systemClock.sleep(2000)
  const ranMs = systemClock.now() - awayAt
  await systemClock.sleep(Math.max(0, Number(values.minutes) * 60_000 - ranMs))
  const awayMs = systemClock.now() - awayAt
  const plane = await world.restart()
  const backAt = systemClock.now()
  const giveUpAt = backAt + catchUpMs
  let missing: string[] = []
  do {
    missing = await missingTasks(array)
    if (missing.length > 0) await systemClock.sleep(1000)
  } while (missing.length > 0 && systemClock.now() < giveUpAt)
  report(
    'outage',
    [
      { name: 'the service was away', value: awayMs / 60_000, unit: 'min' },
      { name: 'jobs meanwhile', value: count, unit: 'jobs' },
      { name: 'jobs lost or wrong', value: missing.length, unit: 'jobs', goal: 0 },
      { name: 'all told after the return', value: (systemClock.now() - backAt) / 1000, unit: 's' },
    ],
    { missing: missing.slice(0, 20) },
  )
  process.exitCode = missing.length > 0 ? 1 : 0
  await plane.stop()
} finally {
  await world.end()
}

/** Tasks that the API does not have, or has otherwise than accounting. */
async function missingTasks(array: number): Promise<string[]> {
  const printed = await world.slurm(
    'sacct',
    '-n',
    '-P',
    '-X',
    '-j',
    String(array),
    '--format=JobID,State,ExitCode,NodeList',
  )
  const rows = lines(printed).map((line) => line.split('|'))
  if (rows.length < count) return [`accounting has ${rows.length} of ${count} tasks`]
  const wrong: string[] = []
  for (const [id = '', state = '', exit = '', node = ''] of rows) {
    const job = await world.job(id)
    const told = job && `${job.scheduler?.exit_code ?? '?'}:${job.signal ?? 0}`
    const right = job?.end_time !== undefined && told === exit && job.nodes.join() === node
    if (!right || job?.scheduler?.raw_state !== state)
      wrong.push(`${id}: ${job?.scheduler?.raw_state ?? 'unknown'} ${told}, not ${state} ${exit}`)
  }
  return wrong
}

function lines(text: string): string[] {
  return text.split('\n').filter((line) => line !== '')
}
