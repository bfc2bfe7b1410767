/** A real slurmctld with many nodes and jobs, and no slurmd at all: its nodes are powered down, and nobody asks them. */
import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '@navarch/system/clock'
import { runCommand } from '@navarch/system/run-command'

export interface BigSlurm {
  version: string
  nodes: number
  /** Records of jobs, and jobs when arrays are expanded. */
  records: number
  jobs: number
  /** For SLURM_CONF. */
  conf: string
  /** Runs one of Slurm's programs; fails unless it exits 0. */
  run(program: string, ...args: string[]): Promise<string>
  /** Processor time of slurmctld since its start, seconds. */
  cpuSeconds(): Promise<number>
  end(): Promise<void>
}

/** Clock ticks a second: USER_HZ is 100 on every Linux that we run on. */
const ticksPerSecond = 100
/** Nodes of one line of slurm.conf: what the last byte of an address holds. */
const nodesPerLine = 250
/** Of all records; each stands for this many tasks. */
const arrays = { records: 1000, tasks: 21 }
const submitters = 4

/** Starts it and submits the jobs. `end` leaves nothing behind. */
export async function startBigSlurm(nodes: number, records: number): Promise<BigSlurm> {
  const dir = await mkdtemp(join(tmpdir(), 'navarch-big-slurm-'))
  const conf = join(dir, 'slurm.conf')
  const children: ChildProcess[] = []
  const start = (program: string, args: string[]) => {
    const child = spawn(program, args, {
      stdio: 'ignore',
      env: { ...process.env, PATH: `${process.env['PATH']}:/usr/sbin` },
    })
    children.push(child)
    return child
  }
  const end = async () => {
    for (const child of children.toReversed()) {
      if (child.exitCode !== null || child.signalCode !== null) continue
      const ended = once(child, 'exit')
      child.kill('SIGKILL')
      await ended
    }
    await rm(dir, { recursive: true, force: true })
  }
  const run = async (program: string, ...args: string[]) => {
    const result = await runCommand(program, args, { deadlineMs: 60_000, env: { SLURM_CONF: conf } })
    if (result.code !== 0) throw new Error(`${program} ${args.join(' ')}: ${result.stderr}`)
    return result.stdout
  }
  try {
    await mkdir(join(dir, 'state'))
    await writeFile(join(dir, 'munge.key'), randomBytes(128), { mode: 0o400 })
    await writeFile(conf, await configuration(dir, nodes))
    await writeFile(join(dir, 'gres.conf'), 'Name=gpu Type=h100 Count=8\n')
    await writeFile(join(dir, 'cgroup.conf'), 'CgroupPlugin=cgroup/v1\n')
    const own = ['socket', 'pid-file', 'log-file', 'seed-file'].map((file) => `--${file}=${join(dir, `munge.${file}`)}`)
    start('munged', ['--foreground', '--force', `--key-file=${join(dir, 'munge.key')}`, ...own])
    const slurmctld = start('slurmctld', ['-D', '-f', conf])
    await untilUp(run, slurmctld, join(dir, 'slurmctld.log'))
    await submit(run, records)
    return {
      version: /[\d.]{5,}/.exec(await run('scontrol', '--version'))?.[0] ?? '',
      nodes,
      records,
      jobs: records - arrays.records + arrays.records * arrays.tasks,
      conf,
      run,
      cpuSeconds: () => processorSeconds(slurmctld.pid ?? 0),
      end,
    }
  } catch (error) {
    await end()
    throw error
  }
}

/** Processor time of a process since its start, seconds. */
export async function processorSeconds(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8')
  // proc_pid_stat(5): after the name come the fields from the third on; utime is the 14th.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond
}

async function configuration(dir: string, nodes: number): Promise<string> {
  const lines = Array.from({ length: Math.ceil(nodes / nodesPerLine) }, (_, index) => {
    const first = index * nodesPerLine + 1
    const last = Math.min(nodes, first + nodesPerLine - 1)
    const names = `n[${String(first).padStart(5, '0')}-${String(last).padStart(5, '0')}]`
    return `NodeName=${names} NodeAddr=127.1.${index}.[1-${last - first + 1}] CPUs=128 RealMemory=1000000 Gres=gpu:h100:8 State=CLOUD`
  })
  const port = await freePort()
  return `ClusterName=big
SlurmctldHost=${hostname()}(127.0.0.1)
SlurmctldPort=${port}
SlurmdPort=${port + 1}
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket=${join(dir, 'munge.socket')}
StateSaveLocation=${join(dir, 'state')}
SlurmctldPidFile=${join(dir, 'slurmctld.pid')}
SlurmctldLogFile=${join(dir, 'slurmctld.log')}
SlurmctldDebug=error
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=none
# Nothing can start: what slurmctld does by itself would hide what it does for others.
SchedulerType=sched/backfill
SchedulerParameters=sched_interval=-1,bf_interval=-1,defer
GresTypes=gpu
MaxJobCount=100000
MaxArraySize=2000
DefMemPerCPU=1000
# Nodes that slurmctld keeps trying to reach would cost it more than all that is measured.
PrivateData=cloud
SuspendTime=-1
SuspendProgram=/bin/true
ResumeProgram=/bin/true
${lines.join('\n')}
PartitionName=batch Nodes=ALL Default=YES MaxTime=INFINITE State=UP
# Jobs are tried on all nodes of their partition when they are submitted: a small one takes them quickly.
PartitionName=gpu Nodes=n[00001-00016] MaxTime=INFINITE State=UP
`
}

async function untilUp(run: BigSlurm['run'], slurmctld: ChildProcess, log: string): Promise<void> {
  for (let tries = 0; tries < 120; tries++) {
    if (slurmctld.exitCode !== null) throw new Error(`slurmctld ended: ${(await readFile(log, 'utf8')).slice(-2000)}`)
    const answer = await run('scontrol', 'ping').catch(() => '')
    if (/ is UP/.test(answer)) return
    await systemClock.sleep(500)
  }
  throw new Error(`slurmctld does not answer: ${(await readFile(log, 'utf8')).slice(-2000)}`)
}

/** Jobs that wait, since nobody would run them: held ones, later ones, dependent ones; some are arrays. */
async function submit(run: BigSlurm['run'], records: number): Promise<void> {
  const [first = ''] = (await run('sbatch', '--parsable', '--hold', '--partition=gpu', '--wrap=true')).trim().split(';')
  let next = 1
  const ways = [['--hold'], ['--begin=now+2days'], [`--dependency=afterok:${first}`]]
  const one = async () => {
    while (next < records) {
      const index = next++
      const way = ways[index % ways.length] ?? []
      const array = index <= arrays.records ? [`--array=1-${arrays.tasks}%4`] : []
      const gpus = ['--gres=gpu:2', '--gpus=4', '--gpus-per-node=8', '--mem=10G'][index % 4] ?? ''
      const name = `train-${index}|with a name of the usual length`
      await run('sbatch', ...way, ...array, gpus, '--partition=gpu', '-J', name, '--wrap=true')
    }
  }
  await Promise.all(Array.from({ length: submitters }, one))
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  return address !== null && typeof address === 'object' ? address.port : 0
}
