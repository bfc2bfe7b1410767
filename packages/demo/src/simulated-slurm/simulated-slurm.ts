import { expandHostlist } from '@navarch/slurm/hostlist'
import type { Clock } from '@navarch/system/clock'
import { type CommandResult, CommandStartError, type RunCommand } from '@navarch/system/run-command'
import {
  createCluster,
  gpusInUse,
  type JobRequest,
  jobsOn,
  type PartitionPlan,
  type SimulatedCluster,
  submitJob,
} from './cluster.ts'
import { hostDown, hostUp, updateNode } from './node-changes.ts'
import { settle } from './scheduler.ts'
import { configText, diagText, nodeLine, partitionLine, slurmVersion } from './scontrol-text.ts'
import { squeueText } from './squeue-text.ts'

/** A Slurm in this process, behind the boundary at which a real one would be: its commands. */
export interface SimulatedSlurm {
  /** Answers scontrol, squeue and sdiag as 24.11 does, for the arguments that `@navarch/slurm` uses. */
  run: RunCommand
  /** The cluster as it is now. Look, do not change. */
  cluster(): SimulatedCluster
  submit(request: JobRequest): number
  /** A host has started slurmd under this name. Names that slurm.conf lacks are ignored. */
  hostUp(name: string): void
  /** The host of this name is gone. */
  hostDown(name: string): void
  gpusInUse(name: string): number
  /** When the node's last job ends, ms since the epoch; undefined when none runs there. */
  idleAt(name: string): number | undefined
}

/** Makes a cluster of FUTURE names with an empty queue. */
export function createSimulatedSlurm(options: {
  clock: Clock
  partitions: readonly PartitionPlan[]
  /** Ids of jobs begin after this one. */
  jobsBefore?: number
  /** Hears of jobs that start and end. */
  onJob?: SimulatedCluster['onJob']
}): SimulatedSlurm {
  const { clock } = options
  const cluster = createCluster(options.partitions, clock.now(), options.jobsBefore)
  if (options.onJob) cluster.onJob = options.onJob
  const current = (): SimulatedCluster => {
    settle(cluster, clock.now())
    return cluster
  }
  const change = (name: string, act: (node: NonNullable<ReturnType<typeof cluster.nodes.get>>) => void): void => {
    const node = current().nodes.get(name)
    if (node) act(node)
    settle(cluster, clock.now())
  }
  return {
    cluster: current,
    submit: (request) => submitJob(current(), request, clock.now()),
    hostUp: (name) => change(name, (node) => hostUp(node, clock.now())),
    hostDown: (name) => change(name, (node) => hostDown(cluster, node, clock.now())),
    gpusInUse: (name) => gpusInUse(current(), name),
    idleAt(name) {
      const ends = jobsOn(current(), name).map((job) => (job.startedAt ?? 0) + job.durationMs)
      return ends.length === 0 ? undefined : Math.max(...ends)
    },
    async run(program, args, { signal }) {
      signal?.throwIfAborted()
      const answer = answerOf(program.slice(program.lastIndexOf('/') + 1), args, current(), clock.now())
      settle(cluster, clock.now())
      return answer
    },
  }
}

/** @throws CommandStartError for a program that Slurm does not have */
function answerOf(program: string, args: readonly string[], cluster: SimulatedCluster, now: number): CommandResult {
  switch (program) {
    case 'scontrol':
      return scontrol(args, cluster, now)
    case 'squeue':
      return squeue(args, cluster)
    case 'sdiag':
      return printed(diagText(cluster, now))
    default:
      throw new CommandStartError(`cannot run ${program}: the simulated Slurm has scontrol, squeue and sdiag`)
  }
}

function scontrol(args: readonly string[], cluster: SimulatedCluster, now: number): CommandResult {
  const [verb, subject, name] = args.filter((word) => !word.startsWith('-'))
  if (args[0] === '--version') return printed(`slurm ${slurmVersion}\n`)
  if (verb === 'ping') return printed('Slurmctld(primary) at slurmctld is UP\n')
  if (verb === 'update') return update(args.slice(args.indexOf('update') + 1), cluster, now)
  if (verb === 'show' && subject === 'config') return printed(configText(cluster, now))
  if (verb === 'show' && subject === 'partitions') {
    return printed(cluster.partitions.map((partition) => partitionLine(cluster, partition)).join(''))
  }
  if (verb === 'show' && (subject === 'nodes' || subject === 'node')) {
    const future = args.includes('-F')
    const all = [...cluster.nodes.values()].filter((node) => future || node.base !== 'FUTURE')
    const found = name === undefined ? all : all.filter((node) => node.name === name)
    if (found.length === 0) return failed(name === undefined ? 'No nodes in the system' : `Node ${name} not found`)
    return printed(found.map((node) => nodeLine(cluster, node)).join(''))
  }
  return failed(`invalid keyword: ${args.join(' ')}`)
}

/** All names are looked up first; the first refusal ends it, and what was changed before it stays changed. */
function update(words: readonly string[], cluster: SimulatedCluster, now: number): CommandResult {
  const { NodeName: list = '', ...keys } = Object.fromEntries(
    words.map((word) => [word.slice(0, word.indexOf('=')), word.slice(word.indexOf('=') + 1)]),
  )
  for (const name of expandHostlist(list)) {
    const node = cluster.nodes.get(name)
    const refusal = node ? updateNode(cluster, node, keys, now) : 'slurm_update error: Invalid node name specified'
    if (refusal !== undefined) return failed(refusal)
  }
  return printed('')
}

function squeue(args: readonly string[], cluster: SimulatedCluster): CommandResult {
  const after = (flag: string) => (args.includes(flag) ? args[args.indexOf(flag) + 1] : undefined)
  const format = after('-O')
  const node = after('-w')
  if (format === undefined) return failed('squeue: error: the simulated squeue knows -O alone')
  if (node !== undefined && !cluster.nodes.has(node)) return failed(`squeue: error: Invalid node name ${node}`)
  const jobs = node === undefined ? [...cluster.jobs.values()] : jobsOn(cluster, node)
  const ended = after('-t') === 'all' && node === undefined ? cluster.ended : []
  return printed(squeueText(jobs, format) + squeueText(ended, format, true))
}

function printed(stdout: string): CommandResult {
  return { code: 0, signal: null, stdout, stderr: '' }
}

function failed(stderr: string): CommandResult {
  return { code: 1, signal: null, stdout: '', stderr: `${stderr}\n` }
}
