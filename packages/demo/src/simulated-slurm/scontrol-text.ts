import { compressHosts } from '@navarch/slurm/hostlist'
import { formatTimestamp } from '@navarch/slurm/timestamp'
import {
  cpusPerGpu,
  devicesInUse,
  gpusInUse,
  memoryMbPerGpu,
  nodeShape,
  type SimulatedCluster,
  type SimulatedNode,
} from './cluster.ts'

/** What `scontrol --version` says of the release that is simulated. */
export const slurmVersion = '24.11.7'

const { cpus, gpus, gpuType, memoryMb } = nodeShape
const configured = `cpu=${cpus},mem=${memoryMb}M,billing=${cpus},gres/gpu=${gpus},gres/gpu:${gpuType}=${gpus}`

/** A node's state as `scontrol show node` prints it, e.g. "MIXED+DRAIN". */
export function nodeState(cluster: SimulatedCluster, node: SimulatedNode): string {
  const flags = [
    ...(node.drain ? ['DRAIN'] : []),
    ...(node.base !== 'FUTURE' && !node.hostUp ? ['NOT_RESPONDING'] : []),
  ]
  return [baseState(cluster, node), ...flags].join('+')
}

function baseState(cluster: SimulatedCluster, node: SimulatedNode): string {
  if (node.base !== 'UP') return node.base
  const used = gpusInUse(cluster, node.name)
  return used === 0 ? 'IDLE' : used < gpus ? 'MIXED' : 'ALLOCATED'
}

/** One line of `scontrol -a -F -d -o show nodes`. Source of the form: captures of 24.11. */
export function nodeLine(cluster: SimulatedCluster, node: SimulatedNode): string {
  const used = gpusInUse(cluster, node.name)
  const up = node.base !== 'FUTURE'
  const allocated = `cpu=${used * cpusPerGpu},mem=${used * memoryMbPerGpu}M,gres/gpu=${used},gres/gpu:${gpuType}=${used}`
  const devices = devicesInUse(cluster, node.name)
  const inUse = used === 0 ? `gpu:${gpuType}:0` : `gpu:${gpuType}:${used}(IDX:${devices.join(',')})`
  const features = `hopper,rack-${rackOf(node.name)},switch-${switchOf(node.name)}`
  const words = [
    `NodeName=${node.name}${up ? ' Arch=x86_64' : ''} CoresPerSocket=${nodeShape.coresPerSocket} `,
    `CPUAlloc=${used * cpusPerGpu} CPUEfctv=${cpus} CPUTot=${cpus} CPULoad=${(used * 2).toFixed(2)}`,
    `AvailableFeatures=${features} ActiveFeatures=${features}`,
    `Gres=gpu:${gpuType}:${gpus} GresDrain=N/A GresUsed=${inUse}`,
    `NodeAddr=${node.address} NodeHostName=${node.hostname} ${up ? `Port=6818 Version=${slurmVersion}` : ''}`,
    ...(up ? ['OS=Linux 6.1.0-28-amd64 #1 SMP PREEMPT_DYNAMIC Debian 6.1.119-1 '] : []),
    `RealMemory=${memoryMb} AllocMem=${used * memoryMbPerGpu} FreeMem=${up ? memoryMb - 40_000 : 'N/A'}`,
    `Sockets=${nodeShape.sockets} Boards=1 State=${nodeState(cluster, node)} ThreadsPerCore=1 TmpDisk=0 Weight=1`,
    `Owner=N/A MCS_label=N/A Partitions=${node.partition} `,
    `BootTime=${timeOr(node.bootedAt, 'None')} SlurmdStartTime=${timeOr(node.bootedAt, 'None')}`,
    `LastBusyTime=${timeOr(node.lastBusyAt, 'Unknown')} ResumeAfterTime=None`,
    `CfgTRES=${configured} AllocTRES=${used === 0 ? '' : allocated} CurrentWatts=0 AveWatts=0 `,
    ...(node.reason ? [`Reason=${node.reason.text} [root@${formatTimestamp(node.reason.at)}]`] : []),
  ]
  return `${words.join(' ')}\n`
}

/** Eight nodes to a rack, two racks to a switch. */
const nodesPerRack = 8

/** e.g. "t2": the second rack of the partition "train". */
function rackOf(node: string): string {
  const number = Number(/\d+$/.exec(node)?.[0] ?? 1)
  return `${node[0]}${Math.ceil(number / nodesPerRack)}`
}

function switchOf(node: string): string {
  const number = Number(/\d+$/.exec(node)?.[0] ?? 1)
  return `${node[0]}${Math.ceil(number / (2 * nodesPerRack))}`
}

function timeOr(at: number | undefined, none: string): string {
  return at === undefined ? none : formatTimestamp(at)
}

/** One line of `scontrol -a -o show partitions`. */
export function partitionLine(cluster: SimulatedCluster, partition: string): string {
  const names = [...cluster.nodes.values()].filter((node) => node.partition === partition).map((node) => node.name)
  const total = names.length
  const words = [
    `PartitionName=${partition} AllowGroups=ALL AllowAccounts=ALL AllowQos=ALL AllocNodes=ALL`,
    `Default=${partition === cluster.partitions[0] ? 'YES' : 'NO'} QoS=N/A DefaultTime=NONE DisableRootJobs=NO`,
    'ExclusiveUser=NO ExclusiveTopo=NO GraceTime=0 Hidden=NO MaxNodes=UNLIMITED MaxTime=UNLIMITED MinNodes=0 LLN=NO',
    `MaxCPUsPerNode=UNLIMITED MaxCPUsPerSocket=UNLIMITED Nodes=${compressHosts(names)}`,
    'PriorityJobFactor=1 PriorityTier=1 RootOnly=NO ReqResv=NO OverSubscribe=NO OverTimeLimit=NONE PreemptMode=OFF',
    `State=UP TotalCPUs=${total * cpus} TotalNodes=${total} SelectTypeParameters=NONE JobDefaults=(null)`,
    'DefMemPerNode=UNLIMITED MaxMemPerNode=UNLIMITED',
    `TRES=cpu=${total * cpus},mem=${total * memoryMb}M,node=${total},billing=${total * cpus},gres/gpu=${total * gpus}`,
    'ResumeTimeout=GLOBAL SuspendTimeout=GLOBAL SuspendTime=GLOBAL PowerDownOnIdle=NO',
  ]
  return `${words.join(' ')}\n`
}

/** `scontrol show config`, as far as anybody reads it. */
export function configText(cluster: SimulatedCluster, now: number): string {
  const settings: [string, string][] = [
    ['ClusterName', cluster.name],
    ['BOOT_TIME', formatTimestamp(cluster.startedAt)],
    ['MaxNodeCount', String(cluster.nodes.size)],
    ['ResumeTimeout', '60 sec'],
    ['SlurmUser', 'slurm(64030)'],
    ['SlurmctldHost[0]', 'slurmctld'],
    ['SlurmctldParameters', 'enable_configless'],
    ['SlurmctldPort', '6817'],
    ['SlurmdPort', '6818'],
    ['SlurmdTimeout', '300 sec'],
    ['SLURM_CONF', '/etc/slurm/slurm.conf'],
    ['SLURM_VERSION', slurmVersion],
  ]
  const lines = settings.map(([key, value]) => `${key.padEnd(23)} = ${value}\n`)
  const head = `Configuration data as of ${formatTimestamp(now)}\n`
  return `${head}${lines.join('')}\nSlurmctld(primary) at slurmctld is UP\n`
}

/** `sdiag`, with the counters that 24.11 prints first. */
export function diagText(cluster: SimulatedCluster, now: number): string {
  const jobs = [...cluster.jobs.values()]
  const running = jobs.filter((job) => job.startedAt !== undefined).length
  const { submitted, started, completed } = cluster.counts
  const seconds = Math.floor((now - cluster.startedAt) / 1000)
  const looks = seconds + 1
  const beats = Math.floor(seconds / 10) + 1
  const rpcs = [
    ['REQUEST_PARTITION_INFO', 2009, looks, 140],
    ['REQUEST_NODE_INFO', 2007, looks, 480],
    ['REQUEST_JOB_INFO', 2003, looks, 650],
    ['MESSAGE_NODE_REGISTRATION_STATUS', 1002, beats, 320],
    ['REQUEST_SUBMIT_BATCH_JOB', 4003, submitted + 1, 1900],
    ['REQUEST_COMPLETE_BATCH_SCRIPT', 5018, completed + 1, 900],
  ] as const
  return `*******************************************************
sdiag output at ${diagTime(now)}
Data since      ${diagTime(cluster.startedAt)}
*******************************************************
Server thread count:  1
RPC queue enabled:    0
Agent queue size:     0
Agent count:          0
Agent thread count:   0
DBD Agent queue size: 0

Jobs submitted: ${submitted}
Jobs started:   ${started}
Jobs completed: ${completed}
Jobs canceled:  0
Jobs failed:    0

Job states ts:  ${diagTime(now)}
Jobs pending:   ${jobs.length - running}
Jobs running:   ${running}

Main schedule statistics (microseconds):
\tLast cycle:   ${900 + 40 * (jobs.length - running)}
\tMean cycle:   1150
\tLast queue length: ${jobs.length - running}

Backfilling stats
\tLast cycle: ${2100 + 300 * (jobs.length - running)}

Remote Procedure Call statistics by message type
${rpcs.map(([name, id, count, average]) => rpcLine(name, id, count, average)).join('\n')}

Remote Procedure Call statistics by user
${rpcLine('root', 0, beats + 3 * looks, 210)}
${rpcLine('navarch', 64031, 3 * looks, 420)}
${rpcLine('ada', 1001, started, 700)}
${rpcLine('grace', 1002, Math.ceil(started / 2), 650)}

Pending RPC statistics
\tNo pending RPCs
`
}

/** A line of sdiag's tables; times in microseconds. */
function rpcLine(name: string, id: number, count: number, average: number): string {
  return `\t${name.padEnd(40)}(${String(id).padStart(5)}) count:${String(count).padEnd(6)} ave_time:${String(average).padEnd(6)} total_time:${count * average}`
}

/** "Sat Nov 21 04:28:10 2026 (1795235290)" */
function diagTime(ms: number): string {
  const [, day = '', date = '', month = '', year = '', time = ''] =
    /^(\w{3}), (\d\d) (\w{3}) (\d{4}) (\S+)/.exec(new Date(ms).toUTCString()) ?? []
  return `${day} ${month} ${date} ${time} ${year} (${Math.floor(ms / 1000)})`
}
