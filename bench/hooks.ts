/**
 * What Navarch's prolog adds to the start of a job: median and p99 of 1,000 launches each, beside an empty prolog.
 *
 *   node bench/hooks.ts [--launches 1000]
 *
 * All kinds take turns in one run, so that whatever else the machine does hits them alike: an agent is there; no agent, and the
 * service answers, answers after 2 s, or is not there. Their number is prime, so that every step through them meets each. Without an agent another process sends the event, beside the job.
 */
import { spawnSync } from 'node:child_process'
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { Worker } from 'node:worker_threads'
import { systemClock } from '@navarch/system/clock'
import { type Figure, quantile, report } from './report.ts'

const prolog = fileURLToPath(new URL('../scripts/slurm/prolog.sh', import.meta.url))
const goalMs = 5
const slowMs = 2000

/** As Slurm 24.11 gives it; see packages/slurm/fixtures/24.11/hook-environments.txt. */
const job = {
  SLURM_SCRIPT_CONTEXT: 'prolog_slurmd',
  SLURM_CLUSTER_NAME: 'bench',
  SLURM_JOB_USER: 'alice',
  SLURM_JOB_UID: '1000',
  SLURM_JOB_ACCOUNT: 'physics',
  SLURM_JOB_PARTITION: 'gpu',
  SLURM_JOB_NODELIST: 'n[001-016]',
  SLURM_NODELIST: 'n[001-016]',
  SLURM_JOB_CPUS_PER_NODE: '64(x16)',
  SLURM_JOB_GPUS: '0,1,2,3,4,5,6,7',
  CUDA_VISIBLE_DEVICES: '0,1,2,3,4,5,6,7',
  SLURM_JOB_RESTART_COUNT: '0',
  SLURM_JOB_WORK_DIR: '/home/alice/experiments/2026-11',
  SLURMD_NODENAME: 'n007',
}

/** A service in a thread of its own, since launches block ours. It answers each event after `delayMs`. */
async function startService(delayMs: number): Promise<{ url: string; stop: () => Promise<unknown> }> {
  const source = `
    const { createServer } = require('node:http')
    const { parentPort, workerData } = require('node:worker_threads')
    const server = createServer((request, response) => {
      request.resume().on('end', () => setTimeout(() => response.end('{"status":"created"}'), workerData))
    })
    server.listen(0, '127.0.0.1', () => parentPort.postMessage(server.address().port))`
  const worker = new Worker(source, { eval: true, workerData: delayMs })
  const port = await new Promise<number>((resolve) => worker.once('message', resolve))
  return { url: `http://127.0.0.1:${port}`, stop: () => worker.terminate() }
}

function never(): never {
  throw new Error('an index beyond the list')
}

/** An address at which nobody listens. */
async function deadUrl(): Promise<string> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  return `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 1}`
}

const { values } = parseArgs({ options: { launches: { type: 'string', default: '1000' } } })
const launches = Number(values.launches)
const folder = await mkdtemp(join(tmpdir(), 'navarch-bench-hooks-'))
const [up, slow] = [await startService(0), await startService(slowMs)]
const empty = join(folder, 'empty.sh')
await writeFile(empty, '#!/bin/sh\nexit 0\n', { mode: 0o755 })

const without = (name: string, url: string) => {
  const own = { OBSERVABILITY_URL: url, NAVARCH_HOOK_DIR: '', NAVARCH_HOOK_QUEUE: join(folder, name) }
  return { script: prolog, settings: { ...own, NAVARCH_HOOK_LOG_DIR: folder } }
}
const kinds: Record<string, { script: string; settings: Record<string, string> }> = {
  'empty prolog': { script: empty, settings: {} },
  'agent there': { script: prolog, settings: { NAVARCH_HOOK_DIR: join(folder, 'agent') } },
  'no agent, service up': without('up', up.url),
  'no agent, service slow': without('slow', slow.url),
  'no agent, service down': without('down', await deadUrl()),
}
await mkdir(join(folder, 'agent'))

const taken: Record<string, number[]> = Object.fromEntries(Object.keys(kinds).map((kind) => [kind, []]))
try {
  const all = Object.entries(kinds)
  for (let launch = 1; launch <= launches; launch++)
    for (const index of all.keys()) {
      // Another order in each round: what a kind leaves running in the background must not meet the same one each time.
      const [kind, { script, settings }] = all[(index * (1 + (launch % (all.length - 1)))) % all.length] ?? never()
      const env = { ...job, ...settings, NAVARCH_HOOK_SETTINGS: '/nonexistent', SLURM_JOB_ID: String(launch) }
      const before = performance.now()
      const { status } = spawnSync(script, { env, cwd: '/', stdio: 'ignore' })
      taken[kind]?.push(performance.now() - before)
      if (status !== 0) throw new Error(`${kind}: the prolog answered ${status}`)
    }
  const notes = (await readdir(join(folder, 'agent'))).length
  if (notes !== launches) throw new Error(`${launches} launches left ${notes} notes`)
} finally {
  await Promise.all([up.stop(), slow.stop()])
  // The senders that are under way end when nobody listens any more.
  const senders = ['up', 'slow', 'down'].map((name) => join(folder, name, '.lock'))
  for (let tries = 0; tries < 100 && (await Promise.all(senders.map(exists))).some(Boolean); tries++)
    await systemClock.sleep(100)
  await rm(folder, { recursive: true, maxRetries: 5 })
}

async function exists(path: string): Promise<boolean> {
  return (await readdir(join(path, '..')).catch((): string[] => [])).includes('.lock')
}

const baseline = quantile(taken['empty prolog'] ?? [], 0.5)
const figures = Object.entries(taken).flatMap(([kind, samples]): Figure[] => [
  { name: `${kind}: median`, value: quantile(samples, 0.5), unit: 'ms' },
  { name: `${kind}: p99`, value: quantile(samples, 0.99), unit: 'ms' },
  ...(kind === 'empty prolog'
    ? []
    : [
        {
          name: `${kind}: added at the median`,
          value: quantile(samples, 0.5) - baseline,
          unit: 'ms',
          ...(kind === 'agent there' && { goal: goalMs }),
        },
      ]),
])
report('hooks', figures, { launches })
if (figures.some(({ value, goal }) => goal !== undefined && value > goal)) process.exitCode = 1
