import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { NodeJson, OperationJson, PoolJson } from '@navarch/api/rest'
import { type SlurmCluster, startSlurmCluster } from '@navarch/lab/cluster'
import { createLabContext } from '@navarch/lab/context'
import { LabUnavailableError } from '@navarch/lab/errors'
import { listHosts, runOnHost } from '@navarch/lab/host'
import { destroyLab, type Lab, openLab } from '@navarch/lab/lab'
import { missingPrerequisites } from '@navarch/lab/prerequisites'
import { ensureRoot, type LabRoot, type Suite } from '@navarch/lab/roots'
import { type NodeMode, nodeParameters } from '@navarch/lab/slurm-conf'
import { labKernelLog } from '@navarch/providers/lab/lab-provider'
import { systemClock } from '@navarch/system/clock'
import { runCommand } from '@navarch/system/run-command'
import { type ControlPlaneProcess, root, startControlPlane } from './process.ts'

const context = createLabContext({ run: runCommand, clock: systemClock })

/** The root of a suite, built when need be, or the reason why this machine cannot have it. */
export async function rootOrReason(suite: Suite): Promise<{ root?: LabRoot; reason?: string }> {
  const { packages, problems } = await missingPrerequisites()
  const install = packages.length > 0 ? [`install ${packages.join(' ')}`] : []
  if (packages.length + problems.length > 0) return { reason: [...problems, ...install].join('; ') }
  try {
    return { root: await ensureRoot(context, { suite }) }
  } catch (error) {
    if (error instanceof LabUnavailableError) return { reason: error.message }
    throw error
  }
}

/** The root of a suite's virtual machines, or the reason why this machine cannot have it. */
export async function vmRootOrReason(suite: Suite): Promise<{ root?: LabRoot; reason?: string }> {
  const { reason } = await rootOrReason(suite)
  if (reason !== undefined) return { reason }
  const qemu = await runCommand('qemu-system-x86_64', ['--version'], { deadlineMs: 10_000 }).catch(() => undefined)
  if (qemu?.code !== 0) return { reason: 'virtual machines need qemu-system-x86: install it' }
  try {
    return { root: await ensureRoot(context, { suite, kind: 'vm' }) }
  } catch (error) {
    if (error instanceof LabUnavailableError) return { reason: error.message }
    throw error
  }
}

const shape = { prefix: 'gpu-node-', count: 8, cpus: 4, memoryMb: 2000, gpus: 2 }

/** A pool of real hosts on a real Slurm, with the control plane as a process of its own. */
export interface PoolOnSlurm {
  cluster: SlurmCluster
  lab: Lab
  plane: ControlPlaneProcess
  /** Starts the control plane again on the same data, after `plane.kill()` or `plane.stop()`. */
  restart(): Promise<ControlPlaneProcess>
  /** Runs a Slurm command on the head; fails unless it exits 0. */
  slurm(program: string, ...args: string[]): Promise<string>
  node(id: string): Promise<NodeJson>
  nodes(): Promise<NodeJson[]>
  pool(): Promise<PoolJson>
  operations(): Promise<OperationJson[]>
  /** Names of the hosts that exist now, the head aside. */
  hosts(): Promise<string[]>
  /** Every launch that is alive, as "name@token". */
  launches(): Promise<string[]>
  /** POSTs to the REST API, as from this machine. */
  post(path: string, body?: unknown): Promise<void>
  /** Writes a line into the log that the host's agent reads as the kernel's. */
  kernelLog(host: string, line: string): Promise<void>
  end(): Promise<void>
}

export interface PoolOptions {
  root: LabRoot
  mode: NodeMode
  minNodes: number
  maxNodes: number
  cooldown?: string
  jobsPerNode?: number
  /** Default true. */
  autoReplace?: boolean
}

/** Builds it all. `end` leaves nothing behind. */
export async function startPoolOnSlurm(options: PoolOptions): Promise<PoolOnSlurm> {
  const name = `e2e-${options.root.suite.slice(0, 4)}-${process.pid % 10_000}`
  const dir = await mkdtemp(join(tmpdir(), 'navarch-e2e-'))
  const keys = join(dir, 'id')
  await must('ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-f', keys)
  await must(process.execPath, `${root}/scripts/build-executables.ts`)
  const lab = await openLab(context, name)
  const cluster = await startSlurmCluster(context, lab, { root: options.root, mode: options.mode, nodes: shape })
  await writeFile(join(dir, 'munge.key'), cluster.mungeKey, { mode: 0o600 })
  const config = join(dir, 'navarch-config.yaml')
  await writeFile(config, configText(options, name, dir, cluster))
  const port = await freePort()
  const start = () =>
    startControlPlane({ config, dataDir: join(dir, 'data'), port, output: join(dir, 'control-plane.log') })
  let plane = await start()
  const get = async <T>(path: string): Promise<T> => {
    const response = await fetch(`${plane.url}${path}`, { signal: AbortSignal.timeout(10_000) })
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`)
    return (await response.json()) as T
  }
  const others = async () => (await listHosts(lab)).filter((host) => host.labels['role'] !== 'slurm-head')
  return {
    cluster,
    lab,
    get plane() {
      return plane
    },
    async restart() {
      plane = await start()
      return plane
    },
    async slurm(program, ...args) {
      const result = await cluster.run(program, args, { deadlineMs: 30_000 })
      if (result.code !== 0) throw new Error(`${program} ${args.join(' ')}: ${result.stderr}`)
      return result.stdout.trim()
    },
    node: (id) => get(`/api/v1/nodes/${id}`),
    nodes: () => get('/api/v1/nodes'),
    pool: () => get('/api/v1/pools/gpu-partition'),
    operations: () => get('/api/v1/operations?all=true'),
    async post(path, body = {}) {
      const response = await fetch(`${plane.url}${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
        signal: AbortSignal.timeout(20_000),
      })
      if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`)
    },
    hosts: async () => (await others()).map((host) => host.name).sort(),
    launches: async () => (await others()).map((host) => `${host.name}@${host.token}`).sort(),
    async kernelLog(host, line) {
      const run = await runOnHost(context, lab, host)
      const result = await run('sh', ['-c', `printf '%s\\n' "$1" >> ${labKernelLog}`, 'sh', line], {
        deadlineMs: 10_000,
      })
      if (result.code !== 0) throw new Error(`cannot write the kernel log of ${host}: ${result.stderr}`)
    },
    async end() {
      await plane.kill()
      await destroyLab(context, name)
      if (!process.env['NAVARCH_TEST_KEEP']) await rm(dir, { recursive: true, force: true })
    },
  }
}

function configText(options: PoolOptions, lab: string, dir: string, cluster: SlurmCluster): string {
  return `
server:
  heartbeat_interval: 5s
  health_check_interval: 5s
  autoscale_interval: 2s

slurm:
  bin: ${cluster.binDir}
  munge_key: ${dir}/munge.key
  poll_interval: 2s

providers:
  lab:
    lab: ${lab}
    suite: ${options.root.suite}
    gpus: ${shape.gpus}

pools:
  - name: gpu-partition
    provider: lab
    ssh_user: root
    ssh_private_key_path: ${dir}/id
    ssh_keys: [${dir}/id.pub]
    labels:
      partition: gpu
      slurmd_conf: ${nodeParameters(shape)}
    scaling:
      min_nodes: ${options.minNodes}
      max_nodes: ${options.maxNodes}
      cooldown_period: ${options.cooldown ?? '3s'}
      autoscaler:
        type: queue
        jobs_per_node: ${options.jobsPerNode ?? 1}
    health:
      unhealthy_threshold: 2
      auto_replace: ${options.autoReplace ?? true}
`
}

async function must(program: string, ...args: string[]): Promise<void> {
  const result = await runCommand(program, args, { deadlineMs: 300_000 })
  if (result.code !== 0) throw new Error(`${program}: ${result.stderr || result.stdout}`)
}

/** A port of this machine that nobody uses now. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0))
    })
  })
}
