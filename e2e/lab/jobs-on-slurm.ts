import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { JobJson } from '@navarch/api/jobs'
import { joiningHost, type SlurmCluster, startSlurmCluster } from '@navarch/lab/cluster'
import { createLabContext } from '@navarch/lab/context'
import { runOnHost, startHost, waitForHost } from '@navarch/lab/host'
import type { HostFile } from '@navarch/lab/host-files'
import { destroyLab, type Lab, openLab } from '@navarch/lab/lab'
import type { LabRoot } from '@navarch/lab/roots'
import { simulatedGpuFiles } from '@navarch/providers/lab/lab-provider'
import { systemClock } from '@navarch/system/clock'
import { runCommand } from '@navarch/system/run-command'
import { freePort } from './pool-on-slurm.ts'
import { type ControlPlaneProcess, root as checkout, startControlPlane } from './process.ts'
import { until } from './until.ts'

const context = createLabContext({ run: runCommand, clock: systemClock })

/** Jobs of a real Slurm with accounting, watched by agents, with the document's hooks on every node. */
export interface JobsOnSlurm {
  lab: Lab
  cluster: SlurmCluster
  plane: ControlPlaneProcess
  /** Nodes by name. */
  nodes: readonly string[]
  /**
   * Starts the control plane again on the same data, after `plane.kill()` or `plane.stop()`.
   * @param config in place of `JobsOptions.config`
   */
  restart(config?: string): Promise<ControlPlaneProcess>
  /** Runs a Slurm command on the head; fails unless it exits 0. */
  slurm(program: string, ...args: string[]): Promise<string>
  /** Submits a script and resolves with the job's id. */
  submit(script: string, ...options: string[]): Promise<number>
  /** The job as the API has it, or undefined when it answers 404. */
  job(id: string | number): Promise<JobJson | undefined>
  get<T>(path: string): Promise<T>
  /** Runs a shell script on a host, the head among them; virtual machines are reached by SSH. */
  on(host: string, script: string): Promise<string>
  end(): Promise<void>
}

export interface JobsOptions {
  root: LabRoot
  /** Root of the nodes when they are virtual machines, with job cgroups of their own. */
  vmRoot?: LabRoot
  nodes: number
  /** More lines for slurm.conf. */
  extra?: readonly string[]
  /** More of the control plane's configuration. */
  config?: string
}

const vmCgroupConf = `CgroupPlugin=cgroup/v2
ConstrainRAMSpace=yes
ConstrainSwapSpace=yes
AllowedSwapSpace=0
ConstrainCores=yes
ConstrainDevices=yes
`
const vmLines = ['ProctrackType=proctrack/cgroup', 'TaskPlugin=task/cgroup', 'JobAcctGatherType=jobacct_gather/cgroup']
/** Jobs share nodes: none waits for another. */
const sharing = ['SelectTypeParameters=CR_CPU_Memory', 'DefMemPerCPU=20']
const hookLines = ['Prolog=/etc/slurm/prolog.d/*', 'Epilog=/etc/slurm/epilog.d/*', 'PrologFlags=Alloc']

/** Builds it all. `end` leaves nothing behind. */
export async function startJobsOnSlurm(options: JobsOptions): Promise<JobsOnSlurm> {
  const { root, vmRoot } = options
  const name = `${vmRoot ? 'jobvm' : 'job'}-${root.suite.slice(0, 4)}-${process.pid % 10_000}`
  const dir = await mkdtemp(join(tmpdir(), 'navarch-jobs-'))
  const key = join(dir, 'id')
  await must('ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-f', key)
  await must(process.execPath, `${checkout}/scripts/build-executables.ts`)
  const lab = await openLab(context, name)
  const shape = { prefix: 'n', digits: 1, count: options.nodes, cpus: vmRoot ? 2 : 8, memoryMb: 800, gpus: 2 }
  const cluster = await startSlurmCluster(context, lab, {
    root,
    mode: 'static',
    nodes: shape,
    accounting: true,
    extra: [...sharing, ...hookLines, ...(vmRoot ? vmLines : []), ...(options.extra ?? [])],
    ...(vmRoot && { cgroupConf: vmCgroupConf }),
  })
  const port = await freePort()
  const jobsPort = await freePort()
  const config = join(dir, 'navarch-config.yaml')
  const configure = (more = options.config ?? '') =>
    writeFile(
      config,
      `
server:
  heartbeat_interval: 5s
  health_check_interval: 5s
  jobs_address: 127.0.0.1:${jobsPort}
slurm: {bin: ${cluster.binDir}, poll_interval: 2s}
${more}`,
    )
  await configure()
  const start = () =>
    startControlPlane({ config, dataDir: join(dir, 'data'), port, output: join(dir, 'control-plane.log') })
  let plane = await start()

  const authorizedKeys = [await readFile(`${key}.pub`, 'utf8')]
  const server = `http://${lab.bridgeAddress}:${port}`
  const names = Array.from({ length: options.nodes }, (_, n) => `n${n + 1}`)
  for (const [index, node] of names.entries()) {
    const joining = joiningHost(cluster, `-N ${node}`)
    await startHost(context, lab, {
      root: vmRoot ?? root,
      name: node,
      address: cluster.nodeAddress(index + 1),
      authorizedKeys,
      gpus: shape.gpus,
      files: { ...joining.files, ...(await simulatedGpuFiles(shape.gpus)), ...(await nodeFiles(server, node)) },
      enable: [...joining.enable, 'navarch-node'],
      ...(vmRoot && { vm: { cpus: 2, memoryMb: 1600 } }),
    })
  }
  for (const node of names) await waitForHost(context, lab, node, { deadlineMs: 180_000 })

  const slurm = async (program: string, ...args: string[]) => {
    const result = await cluster.run(program, args, { deadlineMs: 30_000 })
    if (result.code !== 0) throw new Error(`${program} ${args.join(' ')}: ${result.stderr}`)
    return result.stdout.trim()
  }
  const request = async (path: string) => fetch(`${plane.url}${path}`, { signal: AbortSignal.timeout(20_000) })
  const get = async <T>(path: string): Promise<T> => {
    const response = await request(path)
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`)
    return (await response.json()) as T
  }
  const agents = async () => {
    const known = await get<{ id: string; gpu_count: number }[]>('/api/v1/nodes')
    return known.filter((node) => node.gpu_count === shape.gpus).length === names.length
  }
  await until('all agents have come', agents, 180_000, 500)
  return {
    lab,
    cluster,
    nodes: names,
    get plane() {
      return plane
    },
    async restart(more) {
      await configure(more)
      plane = await start()
      return plane
    },
    slurm,
    async submit(script, ...args) {
      const printed = await slurm('sbatch', '--parsable', '--chdir=/tmp', ...args, `--wrap=${script}`)
      return Number(printed.split(';')[0])
    },
    async job(id) {
      const response = await request(`/v1/jobs/${encodeURIComponent(id)}`)
      if (response.status === 404) return undefined
      if (!response.ok) throw new Error(`job ${id}: ${response.status} ${await response.text()}`)
      return (await response.json()) as JobJson
    },
    get,
    async on(host, script) {
      if (vmRoot) return ssh(key, cluster.nodeAddress(names.indexOf(host) + 1), script)
      const run = await runOnHost(context, lab, host)
      const result = await run('sh', ['-c', script], { deadlineMs: 60_000 })
      return result.stdout.trim()
    },
    async end() {
      await plane.kill()
      await destroyLab(context, name)
      if (!process.env['NAVARCH_TEST_KEEP']) await rm(dir, { recursive: true, force: true })
    },
  }
}

/** The agent as it is installed, and the hooks as the document copies them. */
async function nodeFiles(server: string, node: string): Promise<Record<string, HostFile>> {
  const file = async (path: string) => ({ content: await readFile(join(checkout, path)), mode: 0o755 })
  return {
    '/usr/local/bin/navarch-node': await file('dist/executables/navarch-node-linux-amd64'),
    '/usr/local/bin/navarch': await file('dist/executables/navarch-linux-amd64'),
    '/etc/navarch/agent.yaml': { content: `server: "${server}"\nnode_id: "${node}"\n`, mode: 0o600 },
    '/etc/navarch/client.yaml': { content: `server: "${server}"\n` },
    '/etc/systemd/system/navarch-node.service': {
      content: '[Service]\nExecStart=/usr/local/bin/navarch-node\nRestart=always\nRestartSec=2\n',
    },
    '/etc/slurm/prolog.d/50-observability.sh': await file('scripts/slurm/prolog.sh'),
    '/etc/slurm/epilog.d/50-observability.sh': await file('scripts/slurm/epilog.sh'),
  }
}

async function ssh(key: string, address: string, script: string): Promise<string> {
  const options = ['StrictHostKeyChecking=no', 'UserKnownHostsFile=/dev/null', 'LogLevel=ERROR', 'ConnectTimeout=20']
  const args = ['-i', key, ...options.flatMap((option) => ['-o', option]), `root@${address}`, script]
  const result = await runCommand('ssh', args, { deadlineMs: 120_000 })
  return result.stdout.trim()
}

async function must(program: string, ...args: string[]): Promise<void> {
  const result = await runCommand(program, args, { deadlineMs: 300_000 })
  if (result.code !== 0) throw new Error(`${program}: ${result.stderr || result.stdout}`)
}
