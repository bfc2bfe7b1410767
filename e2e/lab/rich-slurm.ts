/** A real Slurm with nodes and jobs of every kind that figures must tell apart. */
import { readFile, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { dirname, join } from 'node:path'
import { type RealSlurm, type SlurmPlace, startRealSlurm } from '../../packages/slurm/test/real-slurm.ts'
import { freePort } from './pool-on-slurm.ts'
import type { Ask } from './slurm-truth.ts'
import { until } from './until.ts'

export interface RichSlurm {
  real: RealSlurm
  /** Folder of Slurm's client programs, which talk to this slurmctld. */
  binDir: string
  /** Runs one of Slurm's programs; fails unless it exits 0. */
  ask: Ask
}

/** Nodes with a slurmd: GPUs of one type, of two, of none, MIG instances, shards, no GPUs. Beside them c2 is down, f1 FUTURE. */
const gresOf: Readonly<Record<string, string>> = {
  n1: 'gpu:h100:4',
  n2: 'gpu:h100:2,gpu:a100:2',
  n3: 'gpu:4',
  n4: 'gpu:1g.10gb:7',
  n5: 'gpu:h100:2,shard:16',
  c1: '',
}

/** Starts it and its jobs, and waits until all are in states that do not pass by themselves. */
export async function startRichSlurm(place: SlurmPlace, accounting: boolean): Promise<RichSlurm> {
  const ports = await Promise.all(Object.keys(gresOf).map(() => freePort()))
  const real = await startRealSlurm(place, { accounting, prepare: (conf) => rewrite(conf, ports) })
  try {
    const ask: Ask = async (program, ...args) => {
      const { code, stdout, stderr } = await real.run(program, ...args)
      if (code !== 0) throw new Error(`${program} ${args.join(' ')}: ${stderr}`)
      return stdout
    }
    for (const name of Object.keys(gresOf).slice(2)) await real.startSlurmd(name)
    const idle = async () => (await ask('sinfo', '-h', '-N', '-t', 'idle', '-p', 'all', '-o', '%N')).trim().split('\n')
    await until('all nodes have registered', async () => (await idle()).length === 6, 90_000, 500)
    if (accounting) await addAccounts(ask)
    await play(ask)
    return { real, ask, binDir: real.programs(['sbatch', 'scontrol', 'sdiag', 'sinfo', 'squeue', 'sshare']) }
  } catch (error) {
    const log = await readFile(join(dirname(real.conf), 'slurmctld.log'), 'utf8').catch(() => '')
    await real.stop()
    throw new Error(`${error instanceof Error ? error.message : error}\n${log.slice(-3000)}`, { cause: error })
  }
}

/** Nodes and partitions of our own, in place of those that the configuration has. */
async function rewrite(conf: string, ports: readonly number[]): Promise<void> {
  const gpu = join(dirname(conf), 'dev/gpu')
  await writeFile(
    join(dirname(conf), 'gres.conf'),
    `NodeName=n1 Name=gpu Type=h100 File=${gpu}[0-3]
NodeName=n2 Name=gpu Type=h100 File=${gpu}[0-1]
NodeName=n2 Name=gpu Type=a100 File=${gpu}[2-3]
NodeName=n3 Name=gpu File=${gpu}[0-3]
NodeName=n4 Name=gpu Type=1g.10gb File=${gpu}[0-6]
NodeName=n5 Name=gpu Type=h100 File=${gpu}[0-1]
NodeName=n5 Name=shard Count=16
`,
  )
  const here = `NodeHostname=${hostname()} NodeAddr=127.0.0.1`
  const nodes = Object.entries(gresOf).map(
    ([name, gres], index) => `NodeName=${name} ${here} Port=${ports[index]}${gres ? ` Gres=${gres}` : ''}`,
  )
  const kept = (await readFile(conf, 'utf8'))
    .split('\n')
    .filter((line) => !/^(NodeName=(?!DEFAULT)|PartitionName=)/.test(line))
    .map((line) => (line.startsWith('GresTypes=') ? 'GresTypes=gpu,shard' : line))
  await writeFile(
    conf,
    `${kept.join('\n')}
SelectTypeParameters=CR_CPU_Memory
DefMemPerCPU=50
PriorityType=priority/multifactor
PriorityFlags=NO_FAIR_TREE
${nodes.join('\n')}
NodeName=c2 ${here} Port=1 State=DOWN
NodeName=f1 ${here} Port=2 State=FUTURE
PartitionName=gpu Nodes=n[1-5] Default=YES
PartitionName=cpu Nodes=c[1-2],n3
PartitionName=all Nodes=ALL Hidden=YES
PartitionName=closed Nodes=c1 State=DOWN
`,
  )
}

async function addAccounts(ask: Ask): Promise<void> {
  await ask('sacctmgr', '-i', 'add', 'account', 'physics', 'fairshare=3')
  await ask('sacctmgr', '-i', 'add', 'account', 'chemistry', 'fairshare=1')
  for (const account of ['physics', 'chemistry'])
    await ask('sacctmgr', '-i', 'add', 'user', 'root', `account=${account}`)
}

async function play(ask: Ask): Promise<void> {
  const submit = async (...args: string[]) =>
    (await ask('sbatch', '--parsable', '--chdir=/tmp', '--output=/dev/null', ...args, '--wrap=sleep 3600')).trim()
  await submit('-w', 'n1', '--gpus=3', '--account=physics')
  const running = await submit('-w', 'n2', '--gpus-per-node=a100:1', '-n2')
  await submit('-w', 'n3', '-p', 'cpu', '--gres=gpu:2')
  await submit('-w', 'n4', '--gres=gpu:1g.10gb:2')
  await submit('-w', 'n5', '--gres=shard:5', '--account=chemistry')
  await submit('-w', 'n2', '-n2', '--gpus-per-task=h100:1')
  const suspended = await submit('-w', 'n3', '-n1')
  await submit('--array=1-50%2', '--begin=now+1day')
  await submit('--array=1-3', '--hold', '-p', 'gpu,cpu')
  await submit(`--dependency=afterok:${running}`)
  // It waits for resources, so that backfill has something to look at.
  await submit('-w', 'n1', '-N1', '--gpus=4')
  const cancelled = await submit('--hold')
  await ask('scancel', cancelled)
  for (const script of ['true', 'exit 3'])
    await ask('sbatch', '-w', 'n1', '--chdir=/tmp', '--output=/dev/null', `--wrap=${script}`)
  const count = async (states: string) =>
    (await ask('squeue', '-a', '-h', '-r', '-t', states, '-o', '%i')).split('\n').filter(Boolean).length
  const settled = async () => (await count('RUNNING')) === 7 && (await count('COMPLETED,FAILED')) === 2
  await until('the jobs run, or have', settled, 90_000, 500)
  await ask('scontrol', 'suspend', suspended)
  await ask('scontrol', 'update', 'NodeName=n4', 'State=DRAIN', 'Reason=fan 3 is slow')
  await ask(
    ...(['scontrol', 'create', 'reservation', 'ReservationName=upgrade', 'Nodes=c1'] as const),
    ...['Flags=MAINT', 'Users=root', 'StartTime=now', 'Duration=600'],
  )
  const states = async () => ask('sinfo', '-a', '-h', '-N', '-o', '%N %T')
  const ready = async () => /^c1 maint/m.test(await states()) && /^n4 draining/m.test(await states())
  await until('the nodes are in their states', ready, 60_000, 500)
}
