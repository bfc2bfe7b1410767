import { readFileSync } from 'node:fs'
import { parseVersion } from '@navarch/slurm/capabilities'
import { type DiagRecord, parseDiag } from '@navarch/slurm/diag-record'
import { type JobRecord, parseJobs } from '@navarch/slurm/job-record'
import { isFinished } from '@navarch/slurm/job-state'
import { type NodeRecord, parseNodes } from '@navarch/slurm/node-record'
import { parsePartitions } from '@navarch/slurm/partition-record'
import type { SlurmSnapshot } from '@navarch/slurm/snapshot'
import type { Metric } from '../src/exposition.ts'
import { foldEnds } from '../src/slurm/job-ends.ts'
import { slurmMetrics } from '../src/slurm/slurm-metrics.ts'

/** 2026-11-21T12:00:00Z. */
export const noon = Date.UTC(2026, 10, 21, 12)

/** Releases of which there are captures of real daemons. */
export const releases = ['22.05', '23.11', '24.11', '25.11', '26.05'] as const

/** What a command of that release printed, without the lines around it. */
export function capture(release: (typeof releases)[number], name: string): string {
  const file = new URL(`../../slurm/fixtures/${release}/${name}`, import.meta.url)
  return readFileSync(file, 'utf8')
    .replace(/^\$ .*\n/, '')
    .replace(/# exit \d+\n?$/, '')
}

/** A look of captures: nodes without what of their resources is in use, which was not asked for. */
export function capturedSnapshot(release: (typeof releases)[number]): SlurmSnapshot {
  const jobs = parseJobs(capture(release, 'show-jobs.txt'))
  return {
    ...emptySnapshot(),
    version: parseVersion(`slurm ${release}.1`),
    nodes: parseNodes(capture(release, 'show-nodes-future.txt')),
    jobs: jobs.filter(({ state }) => !isFinished(state)),
    finished: jobs.filter(({ state }) => isFinished(state)),
    partitions: parsePartitions(capture(release, 'show-partitions.txt')),
    diag: parseDiag(capture(release, 'sdiag.txt')),
  }
}

export function emptySnapshot(): SlurmSnapshot {
  return {
    takenAt: noon,
    tookMs: 40,
    version: parseVersion('slurm 24.11.7'),
    nodes: [],
    jobs: [],
    finished: [],
    partitions: [],
    costs: [],
    problems: [],
  }
}

/** A node as `scontrol -d -o show node` prints it: 8 CPUs, 1000 MiB, and what else is given. */
export function node(name: string, words = '', state = 'IDLE'): NodeRecord {
  const given = `${words} `
  const value = (key: string, otherwise: string) => (given.includes(`${key}=`) ? '' : ` ${key}=${otherwise}`)
  const text =
    `NodeName=${name}${value('CPUTot', '8')}${value('CPUAlloc', '0')} Sockets=1 CoresPerSocket=8 ThreadsPerCore=1 ` +
    `RealMemory=1000${value('AllocMem', '0')} TmpDisk=0 Weight=1 State=${state}${value('Partitions', 'gpu')} ${words}`
  const [record] = parseNodes(text)
  if (!record) throw new Error(`not a node: ${text}`)
  return record
}

/** A job as `scontrol -o show job` prints it: one CPU in the partition gpu, and what else is given. */
export function job(id: number, state: string, words = ''): JobRecord {
  const given = new Map(words.split(' ').map((word) => [word.slice(0, word.indexOf('=')), word]))
  const take = (key: string, otherwise = '') => {
    const word = given.get(key) ?? otherwise
    given.delete(key)
    return word
  }
  // In Slurm's order: what a name may hold ends at the key that is known to follow it.
  const line = [
    ...[`JobId=${id}`, take('ArrayJobId'), take('ArrayTaskId'), 'JobName=train', take('UserId', 'UserId=ada(1000)')],
    ...[take('Account', 'Account=physics'), `JobState=${state}`, take('Reason', 'Reason=None')],
    ...[take('Partition', 'Partition=gpu'), take('NumNodes', 'NumNodes=1'), take('NumCPUs', 'NumCPUs=1')],
  ]
  const text = [...line, ...given.values()].filter((word) => word !== '').join(' ')
  const [record] = parseJobs(text)
  if (!record) throw new Error(`not a job: ${text}`)
  return record
}

export function partition(name: string, totalCpus: number) {
  const [record] = parsePartitions(
    `PartitionName=${name} State=UP MaxTime=UNLIMITED TotalCPUs=${totalCpus} TotalNodes=1`,
  )
  if (!record) throw new Error(`not a partition: ${name}`)
  return record
}

/** sdiag with these RPCs by type: count and total time in microseconds. */
export function diag(rpcs: Readonly<Record<string, readonly [count: number, total: number]>>): DiagRecord {
  const lines = Object.entries(rpcs).map(
    ([name, [count, total]]) =>
      `\t${name.padEnd(40)}( 2003) count:${count}      ave_time:${Math.floor(total / Math.max(1, count))}    total_time:${total}`,
  )
  const [head = '', after = ''] = capture('24.11', 'sdiag.txt').split(
    'Remote Procedure Call statistics by message type\n',
  )
  return parseDiag(
    `${head}Remote Procedure Call statistics by message type\n${lines.join('\n')}\n\n${after.slice(after.indexOf('Remote'))}`,
  )
}

/** All figures of a look that is the first. */
export function metricsOf(over: Partial<SlurmSnapshot>): Metric[] {
  const snapshot = { ...emptySnapshot(), ...over }
  return slurmMetrics({ snapshot, ends: foldEnds(undefined, snapshot) })
}

/** Values of a metric by its labels' values; "" where it has none. Undefined: there is no series. */
export function valuesOf(metrics: readonly Metric[], name: string): Record<string, number> | undefined {
  const found = metrics.filter((metric) => metric.name === name)
  if (found.length > 1) throw new Error(`${name} is there ${found.length} times`)
  const samples = found[0]?.samples ?? []
  if (samples.length === 0) return undefined
  return Object.fromEntries(samples.map(({ labels = {}, value }) => [Object.values(labels).join(' '), value]))
}
