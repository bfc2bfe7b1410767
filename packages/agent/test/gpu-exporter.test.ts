import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

const path = (name: string) => fileURLToPath(new URL(`../../../${name}`, import.meta.url))

let folder: string
let agents: AbortController
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'navarch-exporter-'))
  agents = new AbortController()
  await mkdir(join(folder, 'hooks'))
  await symlink(path('packages/gpu/bin/fake-nvidia-smi'), join(folder, 'nvidia-smi'))
  await writeFile(join(folder, 'kern.log'), '')
})
afterEach(async () => {
  agents.abort()
  await rm(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 })
})

const env = () => ({
  PATH: `${folder}:/usr/bin:/bin`,
  NAVARCH_FAKE_GPU_COUNT: '4',
  NAVARCH_FAKE_GPU_STATE: join(folder, 'gpus'),
})

/** Starts the program as it is installed, with the stand-in for nvidia-smi; nobody answers as control plane. */
async function startAgent(sampleInterval = '1s') {
  const args = [
    ...['--node-id', 'gpu-1', '--server', 'http://127.0.0.1:9', '--sample-interval', sampleInterval],
    ...['--state-dir', join(folder, 'state'), '--hooks-dir', join(folder, 'hooks'), '--run-dir', join(folder, 'run')],
    ...['--kernel-log', join(folder, 'kern.log'), '--metrics-address', '127.0.0.1:0'],
  ]
  const agent = spawn(process.execPath, [path('packages/agent/src/main.ts'), ...args], {
    ...{ env: env(), stdio: ['ignore', 'pipe', 'inherit'], signal: agents.signal, killSignal: 'SIGKILL' },
  })
  agent.on('error', () => {})
  let output = ''
  agent.stdout.on('data', (chunk) => (output += String(chunk)))
  const port = () => /"metrics are served","address":"127\.0\.0\.1:(\d+)"/.exec(output)?.[1]
  await expect.poll(port, { timeout: 15_000 }).toBeDefined()
  const url = `http://127.0.0.1:${port()}`
  const end = async (signal: NodeJS.Signals) => {
    const exited = once(agent, 'exit')
    agent.kill(signal)
    await exited
  }
  return { scrape: async () => (await fetch(`${url}/metrics`)).text(), url, end }
}

/** Runs a hook of ours as slurmd does, on a node with an agent. */
function runHook(name: 'prolog' | 'epilog', jobId: string, gpus: string): Promise<unknown> {
  const settings = {
    NAVARCH_HOOK_DIR: join(folder, 'hooks'),
    NAVARCH_HOOK_QUEUE: join(folder, 'queue'),
    NAVARCH_HOOK_LOG_DIR: folder,
    NAVARCH_HOOK_SETTINGS: join(folder, 'hooks.env'),
  }
  const job = {
    ...{ SLURM_JOB_ID: jobId, SLURM_CLUSTER_NAME: 'lab', SLURM_JOB_USER: 'ann', SLURMD_NODENAME: 'gpu-1' },
    ...{ SLURM_JOB_NODELIST: 'gpu-1', SLURM_SCRIPT_CONTEXT: `${name}_slurmd`, SLURM_JOB_UID: '1000' },
    ...{ SLURM_JOB_GPUS: gpus, CUDA_VISIBLE_DEVICES: gpus, SLURM_JOB_RESTART_COUNT: '0' },
  }
  return promisify(execFile)('/bin/sh', [path(`scripts/slurm/${name}.sh`)], { env: { ...job, ...settings } })
}

const mapping = () => {
  const jobs = join(folder, 'run/gpu-jobs')
  if (!existsSync(jobs)) return {}
  const names = readdirSync(jobs).filter((name) => !name.startsWith('.'))
  return Object.fromEntries(names.map((name) => [name, readFileSync(join(jobs, name), 'utf8')]))
}
const waiting = { timeout: 15_000, interval: 50 }
/** Values of a metric by GPU, with the job where there is one. */
const byGpu = (text: string, name: string) =>
  Object.fromEntries(
    [...text.matchAll(new RegExp(`^${name}\\{gpu="(\\d)"[^}]*?(?:,hpc_job="(\\d+)")?\\} (\\S+)$`, 'gm'))].map(
      ([, gpu, job, value]) => [gpu, job === undefined ? value : `${value} by ${job}`],
    ),
  )

describe('the agent as an exporter of GPU metrics', () => {
  it('tells the GPUs, and labels those of a job from its prolog to its epilog', async () => {
    await writeFile(join(folder, 'gpus'), '* utilization.gpu 0\n2 utilization.gpu 93\n')
    const agent = await startAgent()
    expect(await (await fetch(`${agent.url}/health`)).text()).toBe('ok\n')
    const use = async () => byGpu(await agent.scrape(), 'DCGM_FI_DEV_GPU_UTIL')
    await expect.poll(use, waiting).toEqual({ 0: '0', 1: '0', 2: '93', 3: '0' })

    await runHook('prolog', '812', '1,2')
    await expect.poll(use, waiting).toEqual({ 0: '0', 1: '0 by 812', 2: '93 by 812', 3: '0' })
    await expect.poll(mapping, waiting).toEqual({ 1: '812\n', 2: '812\n' })

    await runHook('epilog', '812', '1,2')
    await expect.poll(use, waiting).toEqual({ 0: '0', 1: '0', 2: '93', 3: '0' })
    await expect.poll(mapping, waiting).toEqual({})
    await agent.end('SIGTERM')
  })

  it('knows the jobs and XID errors again after it was killed, and leaves nothing when it is stopped', async () => {
    const first = await startAgent()
    await expect.poll(first.scrape, waiting).toContain('DCGM_FI_DEV_XID_ERRORS{gpu="0"')
    await runHook('prolog', '7', '0')
    await runHook('prolog', '8', '3')
    await writeFile(
      join(folder, 'kern.log'),
      'NVRM: Xid (PCI:0000:2b:00): 79, pid=1, name=a, GPU has fallen off the bus.\n',
    )
    const xid = async (scrape: () => Promise<string>) => byGpu(await scrape(), 'DCGM_FI_DEV_XID_ERRORS')
    await expect.poll(() => xid(first.scrape), waiting).toEqual({ 0: '0 by 7', 1: '79', 2: '0', 3: '0 by 8' })
    await expect.poll(mapping, waiting).toEqual({ 0: '7\n', 3: '8\n' })
    await expect.poll(() => existsSync(join(folder, 'state/xids.json')), waiting).toBe(true)
    await expect.poll(() => readdirSync(join(folder, 'hooks')).length, waiting).toBe(0)
    await first.end('SIGKILL')
    expect(mapping()).toEqual({ 0: '7\n', 3: '8\n' })

    await runHook('epilog', '7', '0')
    const second = await startAgent()
    await expect.poll(() => xid(second.scrape), waiting).toEqual({ 0: '0', 1: '79', 2: '0', 3: '0 by 8' })
    await expect.poll(mapping, waiting).toEqual({ 3: '8\n' })
    await second.end('SIGTERM')
    expect(mapping()).toEqual({})
  })

  it('says that nvidia-smi fails', async () => {
    const agent = await startAgent()
    await expect.poll(agent.scrape, waiting).toContain('navarch_agent_gpu_up{Hostname="gpu-1"} 1')
    await writeFile(join(folder, 'gpus'), 'exit 9 driver not loaded\n')
    await expect.poll(agent.scrape, waiting).toContain('navarch_agent_gpu_up{Hostname="gpu-1"} 0')
    await agent.end('SIGTERM')
  })

  it('starts nothing for a scrape', async () => {
    const calls = join(folder, 'calls')
    await rm(join(folder, 'nvidia-smi'))
    const script = `#!/bin/sh\necho "$1" >> '${calls}'\nexec '${path('packages/gpu/bin/fake-nvidia-smi')}' "$@"\n`
    await writeFile(join(folder, 'nvidia-smi'), script, { mode: 0o755 })
    const agent = await startAgent('1h')
    await expect.poll(agent.scrape, waiting).toContain('DCGM_FI_DEV_GPU_UTIL')
    const before = readFileSync(calls, 'utf8')
    await Promise.all(Array.from({ length: 20 }, agent.scrape))
    expect(readFileSync(calls, 'utf8')).toBe(before)
    await agent.end('SIGTERM')
  })
})
