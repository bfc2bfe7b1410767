/**
 * What the installed agent takes of its machine: memory, and share of one core, with eight GPUs looked at every 15 s.
 *
 *   node bench/agent.ts [--seconds 60] [--json]
 *
 * The executable runs against a control plane that answers on the loopback, with the stand-in for nvidia-smi;
 * what that one takes is counted apart, since a real nvidia-smi takes its own.
 */
import { spawn } from 'node:child_process'
import { mkdtemp, readFile, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { systemClock } from '@navarch/system/clock'
import { runCommand } from '@navarch/system/run-command'
import { startControlPlaneDouble } from '../packages/agent/test/control-plane-double.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
/** Clock ticks a second: USER_HZ is 100 on every Linux that we run on. */
const ticksPerSecond = 100
/** Before this the agent is still starting. */
const settleMs = 5000

const budget = { rssMb: 90, cpuPercent: 1 }

interface Sample {
  rssMb: number
  anonymousMb: number
  /** Seconds of processor time since the start. */
  own: number
  children: number
}

async function sample(pid: number): Promise<Sample> {
  const [status, stat] = await Promise.all([
    readFile(`/proc/${pid}/status`, 'utf8'),
    readFile(`/proc/${pid}/stat`, 'utf8'),
  ])
  const megabytes = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1]) / 1024
  // proc_pid_stat(5): after the name come the fields from the third on; utime is the 14th.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const seconds = (field: number) => Number(fields[field - 3]) / ticksPerSecond
  return {
    rssMb: megabytes('VmRSS'),
    anonymousMb: megabytes('RssAnon'),
    own: seconds(14) + seconds(15),
    children: seconds(16) + seconds(17),
  }
}

async function measure(seconds: number) {
  const arch = process.arch === 'arm64' ? 'arm64' : 'amd64'
  const build = ['scripts/build-executables.ts', '--only', 'navarch-node', '--arch', arch]
  const built = await runCommand(
    process.execPath,
    build.map((word, at) => (at === 0 ? join(root, word) : word)),
    {
      deadlineMs: 300_000,
    },
  )
  if (built.code !== 0) throw new Error(`the executable cannot be built: ${built.stderr}`)

  const folder = await mkdtemp(join(tmpdir(), 'navarch-bench-'))
  await symlink(join(root, 'packages/gpu/bin/fake-nvidia-smi'), join(folder, 'nvidia-smi'))
  await using server = await startControlPlaneDouble({ heartbeatSeconds: 30, healthCheckSeconds: 60 })
  const agent = spawn(
    join(root, `dist/executables/navarch-node-linux-${arch}`),
    ['--server', server.url, '--node-id', 'bench', '--state-dir', join(folder, 'state')],
    {
      stdio: ['ignore', 'ignore', 'inherit'],
      env: {
        ...process.env,
        PATH: `${folder}:${process.env.PATH}`,
        NAVARCH_FAKE_GPU_COUNT: '8',
        NAVARCH_RUNTIME_DIR: join(root, 'dist/runtime/unpacked'),
      },
    },
  )
  const exited = new Promise<void>((resolve) => agent.once('exit', () => resolve()))
  try {
    const pid = agent.pid
    if (pid === undefined) throw new Error('the agent did not start')
    await systemClock.sleep(settleMs)
    if (server.registrations().length === 0) throw new Error('the agent did not register')
    const before = await sample(pid)
    await systemClock.sleep(seconds * 1000)
    const after = await sample(pid)
    const percent = (used: number) => (100 * used) / seconds
    return {
      seconds,
      gpus: 8,
      sample_interval_s: 15,
      rss_mb: round(after.rssMb),
      anonymous_mb: round(after.anonymousMb),
      cpu_percent: round(percent(after.own - before.own)),
      nvidia_smi_cpu_percent: round(percent(after.children - before.children)),
      messages: server.messages.length,
    }
  } finally {
    agent.kill()
    await exited
    await rm(folder, { recursive: true })
  }
}

function round(value: number): number {
  return Math.round(value * 100) / 100
}

const { values } = parseArgs({ options: { seconds: { type: 'string' }, json: { type: 'boolean' } } })
const result = await measure(Number(values.seconds ?? 60))
if (values.json) {
  console.log(JSON.stringify(result))
} else {
  console.log(
    `navarch-node as installed, ${result.gpus} GPUs every ${result.sample_interval_s} s, over ${result.seconds} s`,
  )
  console.table({
    'RSS, MB': { measured: result.rss_mb, budget: budget.rssMb },
    'of it anonymous, MB': { measured: result.anonymous_mb, budget: undefined },
    'CPU, % of a core': { measured: result.cpu_percent, budget: budget.cpuPercent },
    'nvidia-smi (stand-in), % of a core': { measured: result.nvidia_smi_cpu_percent, budget: undefined },
  })
}
if (result.rss_mb > budget.rssMb || result.cpu_percent > budget.cpuPercent) process.exitCode = 1
