/** How the nodes of a cluster come to be known to its controller. */
export type NodeMode = 'future' | 'dynamic' | 'cloud' | 'static'

/** The nodes that a cluster may have. */
export interface NodeShape {
  /** e.g. `gpu-node-`; numbers follow, from 1. */
  prefix: string
  count: number
  /** Digits of the number, with leading zeros. Default 3. */
  digits?: number
  /** What Slurm is told, whatever the machine has. */
  cpus: number
  memoryMb: number
  gpus?: number
  /** Default h100. */
  gpuType?: string
  /** Where Slurm looks for the devices on the host; their number, from 0, is added. Default `/dev/nvidia`. */
  gpuFiles?: string
}

export interface SlurmConfOptions {
  clusterName: string
  head: { name: string; address: string }
  mode: NodeMode
  nodes: NodeShape
  /** More of the line that names the nodes, such as `NodeAddr=…`. */
  nodeDetails?: string
  partition: string
  /** More lines; a key that is set above as well is taken from here. */
  extra?: readonly string[]
}

/** Name of node `n` (from 1), e.g. `gpu-node-001`. */
export function nodeName(nodes: NodeShape, n: number): string {
  return `${nodes.prefix}${String(n).padStart(nodes.digits ?? 3, '0')}`
}

/** All names as one Slurm hostlist, e.g. `gpu-node-[001-008]`. */
export function nodeNames(nodes: NodeShape): string {
  const number = (n: number) => nodeName(nodes, n).slice(nodes.prefix.length)
  return `${nodes.prefix}[${number(1)}-${number(nodes.count)}]`
}

/** What a node of this shape has, in the words of slurm.conf and of `slurmd --conf`. */
export function nodeParameters({ cpus, memoryMb, gpus = 0, gpuType = 'h100' }: NodeShape): string {
  const gres = gpus > 0 ? ` Gres=gpu:${gpuType}:${gpus}` : ''
  return `CPUs=${cpus} RealMemory=${memoryMb}${gres}`
}

/** The text of slurm.conf, for Slurm 22.05 to 26.05. */
export function writeSlurmConf(options: SlurmConfOptions): string {
  const { head, nodes, partition } = options
  const details = options.nodeDetails ? ` ${options.nodeDetails}` : ''
  const names = nodeNames(nodes)
  const state = { future: ' State=FUTURE', cloud: ' State=CLOUD', static: '', dynamic: undefined }[options.mode]
  const lines = [
    `ClusterName=${options.clusterName}`,
    `SlurmctldHost=${head.name}(${head.address})`,
    'SlurmUser=slurm',
    'AuthType=auth/munge',
    'StateSaveLocation=/var/lib/slurm/slurmctld',
    'SlurmdSpoolDir=/var/lib/slurm/slurmd',
    'SlurmctldLogFile=/var/log/slurm/slurmctld.log',
    'SlurmdLogFile=/var/log/slurm/slurmd.log',
    'SlurmctldParameters=enable_configless',
    // Hosts may claim more processors than the machine that plays them has.
    'SlurmdParameters=config_overrides',
    'SelectType=select/cons_tres',
    'ProctrackType=proctrack/linuxproc',
    'TaskPlugin=task/none',
    'JobAcctGatherType=jobacct_gather/linux',
    'MpiDefault=none',
    'ReturnToService=1',
    'SlurmdTimeout=60',
    'MessageTimeout=10',
    'KillWait=5',
    'TreeWidth=65533',
    'SchedulerParameters=sched_interval=5,bf_interval=5',
    ...((nodes.gpus ?? 0) > 0 ? ['GresTypes=gpu'] : []),
    ...(state === undefined
      ? [`MaxNodeCount=${nodes.count}`]
      : [`NodeName=${names} ${nodeParameters(nodes)}${details}${state}`]),
    `PartitionName=${partition} Nodes=${state === undefined ? 'ALL' : names} Default=YES MaxTime=INFINITE State=UP`,
  ]
  const extra = options.extra ?? []
  const keys = new Set(extra.map(keyOf).filter((key) => !repeatable.has(key)))
  return `${[...lines.filter((line) => !keys.has(keyOf(line))), ...extra].join('\n')}\n`
}

/** Keys of lines that add to each other; all others may be given once. */
const repeatable: ReadonlySet<string> = new Set(['nodename', 'nodeset', 'partitionname', 'downnodes'])

function keyOf(line: string): string {
  return line.slice(0, line.indexOf('=')).toLowerCase()
}

/** The text of gres.conf; empty without GPUs. */
export function writeGresConf({ mode, nodes }: Pick<SlurmConfOptions, 'mode' | 'nodes'>): string {
  const gpus = nodes.gpus ?? 0
  if (gpus === 0) return ''
  const where = mode === 'dynamic' ? '' : `NodeName=${nodeNames(nodes)} `
  return `${where}Name=gpu Type=${nodes.gpuType ?? 'h100'} File=${nodes.gpuFiles ?? '/dev/nvidia'}${range(gpus)}\n`
}

/**
 * The text of cgroup.conf. Slurm before 23.11 cannot do without a plugin, and ends on a machine that mounts both
 * versions of control groups unless it is told which to use.
 */
export function writeCgroupConf(version: string): string {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  return `CgroupPlugin=${major * 100 + minor < 2311 ? 'cgroup/v1' : 'disabled'}\n`
}

function range(count: number): string {
  return count === 1 ? '0' : `[0-${count - 1}]`
}
