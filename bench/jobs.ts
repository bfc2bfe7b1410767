/**
 * What job observability takes: durable events per second on both engines, 5,000 running jobs of 8 GPUs, bytes per value on disk,
 * and how long a job's page takes with millions of samples.
 *
 *   npm run bench:jobs [-- --only single,batches,samples,scrape,page --seconds 15 --nodes 5000 --samples 20000000]
 *
 * The service is the executable as installed; the clients share the cores with it.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { systemClock } from '@navarch/system/clock'
import { runCommand } from '@navarch/system/run-command'
import { postgresMissing, startTestPostgres } from '../packages/control-plane/test/postgres.ts'
import { fillJobs } from './jobs-fill.ts'
import { type Figure, quantile, report } from './report.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const ticksPerSecond = 100
/** Between the ids of two runs of clients: each has jobs of its own. */
const jobsApart = 10_000_000

const { values } = parseArgs({
  options: {
    only: { type: 'string', default: 'single,batches,samples,scrape,page' },
    seconds: { type: 'string', default: '15' },
    clients: { type: 'string', default: '32' },
    nodes: { type: 'string', default: '5000' },
    samples: { type: 'string', default: '20000000' },
    /** Seconds of the sampling part, after all have started. */
    sampling: { type: 'string', default: '60' },
    /** Looks at /metrics, 5 s apart, with each cap on series. */
    scrapes: { type: 'string', default: '20' },
  },
})
const parts = new Set(values.only.split(','))
const figures: Figure[] = []
const children = new Set<ChildProcess>()
const folders: string[] = []

try {
  const executable = await buildControlPlane()
  if (parts.has('single') || parts.has('batches')) {
    await eventsOn('embedded', executable, undefined)
    if (postgresMissing === undefined) {
      const postgres = await startTestPostgres({ fsync: true })
      try {
        await eventsOn('PostgreSQL', executable, await postgres.createDatabase())
      } finally {
        await postgres.stop()
      }
    } else process.stderr.write(`PostgreSQL is left out: ${postgresMissing}\n`)
  }
  if (parts.has('samples')) await sampling(executable)
  if (parts.has('scrape')) await scraping(executable)
  if (parts.has('page')) await pages(executable)
  report('jobs', figures, {
    clients: Number(values.clients),
    nodes: Number(values.nodes),
    samples: Number(values.samples),
  })
} finally {
  for (const child of children) child.kill('SIGKILL')
  for (const folder of folders) await rm(folder, { recursive: true, force: true })
}

async function eventsOn(engine: string, executable: string, databaseUrl: string | undefined): Promise<void> {
  const plane = await startPlane(executable, await freshFolder(), databaseUrl)
  let first = 1
  const goals = engine === 'embedded' ? { single: 5_000, batches: 30_000 } : { single: 2_700, batches: undefined }
  for (const what of ['single', 'batches'] as const) {
    if (!parts.has(what)) continue
    // The first seconds are those of the compiler.
    await clients(plane.url, what, ['--seconds', '2', '--first', String(first)])
    first += jobsApart
    const before = await processorSeconds(plane.child)
    const args = ['--seconds', values.seconds, '--first', String(first)]
    const { count, seconds, cpuSeconds, p50, p99 } = await clients(plane.url, what, args)
    const service = (await processorSeconds(plane.child)) - before
    first += jobsApart
    const name = `${what === 'single' ? 'single events' : "events in agents' batches"}, ${engine}`
    const goal = goals[what]
    figures.push({ name, value: count / seconds, unit: '/s', ...(goal !== undefined && { atLeast: goal }) })
    figures.push(
      { name: `${name}, CPU of the service`, value: (1e6 * service) / count, unit: 'us' },
      { name: `${name}, CPU of the clients`, value: (1e6 * cpuSeconds) / count, unit: 'us' },
    )
    figures.push({ name: `${name}, median`, value: p50, unit: 'ms' }, { name: `${name}, p99`, value: p99, unit: 'ms' })
  }
  await end(plane.child)
}

async function sampling(executable: string): Promise<void> {
  const folder = await freshFolder()
  const plane = await startPlane(executable, folder, undefined)
  // All have registered and started before the first figures are taken.
  const settle = 30
  const seconds = settle + Number(values.sampling)
  const done = clients(plane.url, 'samples', ['--seconds', String(seconds), '--nodes', values.nodes])
  await systemClock.sleep(settle * 1000)
  const { cpuPercent, rssMb } = await share(plane.child, () => systemClock.sleep(Number(values.sampling) * 1000))
  const { p99 } = await done
  const name = `${values.nodes} running jobs of 8 GPUs every 15 s`
  figures.push({ name: `${name}, share of one core`, value: cpuPercent, unit: '%', goal: 50 })
  figures.push(
    { name: `${name}, RSS`, value: rssMb, unit: 'MB' },
    { name: `${name}, acknowledged, p99`, value: p99, unit: 'ms' },
  )
  await end(plane.child)
}

/** What a Prometheus waits for while all nodes go on sending readings, with a cap of 50,000 series and without one. */
async function scraping(executable: string): Promise<void> {
  for (const maxSeries of [50_000, 1_000_000]) {
    const plane = await startPlane(
      executable,
      await freshFolder(),
      undefined,
      `jobs: {metrics: {max_series: ${maxSeries}}}`,
    )
    const rounds = Number(values.scrapes)
    // All have started and been read once.
    const settle = 30
    const done = clients(plane.url, 'samples', ['--seconds', String(settle + rounds * 5), '--nodes', values.nodes])
    await systemClock.sleep(settle * 1000)
    const times: number[] = []
    let series = 0
    const before = await processorSeconds(plane.child)
    for (let round = 0; round < rounds; round++) {
      const began = performance.now()
      const response = await fetch(`${plane.url}/metrics`)
      const text = await response.text()
      times.push(performance.now() - began)
      if (!response.ok) throw new Error(`/metrics: ${response.status} ${text.slice(0, 400)}`)
      series = text.match(/^hpc_/gm)?.length ?? 0
      await systemClock.sleep(Math.max(0, 5000 - (performance.now() - began)))
    }
    const cpu = (await processorSeconds(plane.child)) - before
    const { p99 } = await done
    const name = `/metrics with ${values.nodes} running jobs of 8 GPUs, ${series} hpc_ series`
    figures.push(
      { name: `${name}, median`, value: quantile(times, 0.5), unit: 'ms' },
      { name: `${name}, p99`, value: quantile(times, 0.99), unit: 'ms', goal: 2000 },
      { name: `${name}, every 5 s, CPU of all`, value: (100 * cpu) / (rounds * 5), unit: '%' },
      { name: `${name}, readings acknowledged meanwhile, p99`, value: p99, unit: 'ms' },
    )
    await end(plane.child)
  }
}

async function pages(executable: string): Promise<void> {
  const folder = await freshFolder()
  const filled = await fillJobs(folder, Number(values.samples))
  const plane = await startPlane(executable, folder, undefined)
  const times: number[] = []
  for (let round = 0; round < 300; round++) {
    const id = filled.jobIds[(round * 7919) % filled.jobIds.length]
    const before = performance.now()
    for (const path of [`/v1/jobs/${id}`, `/v1/jobs/${id}/series?points=300`]) {
      const response = await fetch(`${plane.url}${path}`)
      if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`)
      await response.text()
    }
    times.push(performance.now() - before)
  }
  const bytes = (await folderBytes(folder)) - filled.bytesBefore
  const millions = Math.round(filled.samples / 1e6)
  figures.push({
    name: `a job's page at ${millions} million GPU samples, median`,
    value: quantile(times, 0.5),
    unit: 'ms',
  })
  figures.push({
    name: `a job's page at ${millions} million GPU samples, p99`,
    value: quantile(times, 0.99),
    unit: 'ms',
    goal: 100,
  })
  figures.push({ name: 'on disk, per value', value: bytes / filled.values, unit: 'bytes', goal: 1.6 })
  figures.push({ name: 'samples kept, GPUs per second', value: filled.samples / filled.seconds, unit: '/s' })
  await end(plane.child)
}

/** @returns path of the executable */
async function buildControlPlane(): Promise<string> {
  const arch = process.arch === 'arm64' ? 'arm64' : 'amd64'
  const build = [join(root, 'scripts/build-executables.ts'), '--only', 'navarch-control-plane', '--arch', arch]
  const built = await runCommand(process.execPath, build, { deadlineMs: 300_000 })
  if (built.code !== 0) throw new Error(`the executable cannot be built: ${built.stderr}`)
  return join(root, `dist/executables/navarch-control-plane-linux-${arch}`)
}

async function freshFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'navarch-bench-'))
  folders.push(folder)
  return folder
}

async function startPlane(
  executable: string,
  folder: string,
  databaseUrl: string | undefined,
  settings = '',
): Promise<{ child: ChildProcess; url: string }> {
  const config = join(folder, 'config.yaml')
  await writeFile(config, `slurm: {driver: none}\nserver: {jobs_address: 127.0.0.1:0}\n${settings}\n`)
  const env = {
    ...process.env,
    NAVARCH_RUNTIME_DIR: join(root, 'dist/runtime/unpacked'),
    ...(databaseUrl !== undefined && { DATABASE_URL: databaseUrl }),
  }
  const args = ['--config', config, '--data-dir', folder, '--address', '127.0.0.1:0', '--log-level', 'INFO']
  const child = spawn(executable, args, { stdio: ['ignore', 'pipe', 'inherit'], env })
  children.add(child)
  for await (const line of createInterface({ input: child.stdout })) {
    const entry: { msg?: string; address?: string } = JSON.parse(line)
    if (entry.msg === 'control plane started' && entry.address !== undefined) {
      child.stdout.resume()
      return { child, url: entry.address }
    }
  }
  throw new Error('the control plane did not start')
}

interface ClientFigures {
  count: number
  seconds: number
  /** Of the clients themselves. */
  cpuSeconds: number
  p50: number
  p99: number
}

async function clients(url: string, what: string, args: readonly string[]): Promise<ClientFigures> {
  const program = [join(root, 'bench/jobs-clients.ts'), what, '--server', url, '--clients', values.clients, ...args]
  const child = spawn(process.execPath, program, { stdio: ['ignore', 'pipe', 'inherit'] })
  children.add(child)
  let last = ''
  for await (const line of createInterface({ input: child.stdout })) last = line
  const parsed: ClientFigures = JSON.parse(last)
  return parsed
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode === null && child.kill('SIGTERM')) await once(child, 'exit')
  children.delete(child)
}

/** What a process took while `work` went on. */
async function share(child: ChildProcess, work: () => Promise<void>): Promise<{ cpuPercent: number; rssMb: number }> {
  const before = await processorSeconds(child)
  const started = performance.now()
  await work()
  const used = (await processorSeconds(child)) - before
  const status = await readFile(`/proc/${child.pid}/status`, 'utf8')
  return {
    cpuPercent: (100_000 * used) / (performance.now() - started),
    rssMb: Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1]) / 1024,
  }
}

async function processorSeconds(child: ChildProcess): Promise<number> {
  const text = await readFile(`/proc/${child.pid}/stat`, 'utf8')
  // proc_pid_stat(5): after the name come the fields from the third on; utime and stime are the 14th and 15th.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond
}

async function folderBytes(folder: string): Promise<number> {
  const sizes = (await readdir(folder)).map(async (name) => (await stat(join(folder, name))).size)
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0)
}
