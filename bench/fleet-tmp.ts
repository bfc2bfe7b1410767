/**
 * What a control plane takes for a large fleet: memory, share of one core, and how long the list of all nodes takes.
 *
 *   npm run bench:fleet [-- --agents 1000 --seconds 60]
 *
 * The control plane is the executable as installed, with the embedded store and without Slurm. The agents are the real
 * protocol code with simulated GPUs at the usual intervals, many in one process, each with a connection of its own.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { systemClock } from '@navarch/system/clock'
import { runCommand } from '@navarch/system/run-command'
import { quantile, report } from './report.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
/** Clock ticks a second: USER_HZ is 100 on every Linux that we run on. */
const ticksPerSecond = 100
/** Registrations and first reports are over after this. */
const settleMs = 10_000
const startDeadlineMs = 60_000
const lists = 200

const { values } = parseArgs({
  options: { agents: { type: 'string', default: '1000' }, seconds: { type: 'string', default: '60' } },
})
const agentCount = Number(values.agents)
const seconds = Number(values.seconds)

const folder = await mkdtemp(join(tmpdir(), 'navarch-bench-'))
const children: ChildProcess[] = []
try {
  const executable = '/tmp/cpb/cp.sh'; void buildControlPlane
  await writeFile(join(folder, 'config.yaml'), 'slurm:\n  driver: none\n')
  const plane = start(executable, [
    ...['--config', join(folder, 'config.yaml'), '--data-dir', folder, '--address', '127.0.0.1:0'],
  ])
  const server = await addressOf(plane)
  start(process.execPath, [join(root, 'bench/fleet-agents.ts'), '--server', server, '--agents', String(agentCount)])
  await allRegistered(server)
  await systemClock.sleep(settleMs)

  const quiet = await share(plane, () => systemClock.sleep(seconds * 1000))
  const times: number[] = []
  const listing = await share(plane, async () => {
    for (let round = 0; round < lists; round++) times.push(await timeOfList(server))
  })
  report(
    'fleet',
    [
      { name: `CPU, ${agentCount} agents, share of one core`, value: quiet.cpuPercent, unit: '%', goal: 10 },
      { name: 'RSS', value: quiet.rssMb, unit: 'MB', goal: 150 },
      { name: 'RSS after the lists', value: listing.rssMb, unit: 'MB' },
      { name: 'list of all nodes, median', value: quantile(times, 0.5), unit: 'ms' },
      { name: 'list of all nodes, p99', value: quantile(times, 0.99), unit: 'ms' },
    ],
    { agents: agentCount, seconds, lists },
  )
} finally {
  for (const child of children) if (child.exitCode === null && child.kill('SIGTERM')) await once(child, 'exit')
  await rm(folder, { recursive: true })
}

/** @returns path of the executable */
async function buildControlPlane(): Promise<string> {
  const arch = process.arch === 'arm64' ? 'arm64' : 'amd64'
  const build = [join(root, 'scripts/build-executables.ts'), '--only', 'navarch-control-plane', '--arch', arch]
  const built = await runCommand(process.execPath, build, { deadlineMs: 300_000 })
  if (built.code !== 0) throw new Error(`the executable cannot be built: ${built.stderr}`)
  return join(root, `dist/executables/navarch-control-plane-linux-${arch}`)
}

function start(program: string, args: readonly string[]): ChildProcess {
  const env = { ...process.env, NAVARCH_RUNTIME_DIR: join(root, 'dist/runtime/unpacked') }
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'], env })
  children.push(child)
  return child
}

/** Reads the control plane's log until it says where it listens. */
async function addressOf(plane: ChildProcess): Promise<string> {
  if (!plane.stdout) throw new Error('the control plane has no output')
  for await (const line of createInterface({ input: plane.stdout })) {
    const entry: { msg?: string; address?: string } = JSON.parse(line)
    if (entry.msg === 'control plane started' && entry.address !== undefined) {
      plane.stdout.resume()
      return entry.address
    }
  }
  throw new Error('the control plane did not start')
}

async function timeOfList(server: string): Promise<number> {
  const before = performance.now()
  await (await fetch(`${server}/api/v1/nodes`)).text()
  return performance.now() - before
}

async function allRegistered(server: string): Promise<void> {
  const deadline = performance.now() + startDeadlineMs
  for (;;) {
    const metrics = await (await fetch(`${server}/metrics`)).text()
    const healthy = Number(/^navarch_nodes\{health="healthy"\} (\d+)/m.exec(metrics)?.[1] ?? 0)
    if (healthy === agentCount) return
    if (performance.now() > deadline) throw new Error(`only ${healthy} of ${agentCount} agents reported in time`)
    await systemClock.sleep(500)
  }
}

/** What a process took while `work` went on. */
async function share(child: ChildProcess, work: () => Promise<void>): Promise<{ cpuPercent: number; rssMb: number }> {
  const before = await processorSeconds(child)
  const started = performance.now()
  await work()
  const used = (await processorSeconds(child)) - before
  const status = await readFile(`/proc/${child.pid}/status`, 'utf8')
  const rssKb = Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1])
  return { cpuPercent: (100_000 * used) / (performance.now() - started), rssMb: rssKb / 1024 }
}

async function processorSeconds(child: ChildProcess): Promise<number> {
  const stat = await readFile(`/proc/${child.pid}/stat`, 'utf8')
  // proc_pid_stat(5): after the name come the fields from the third on; utime and stime are the 14th and 15th.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond
}
