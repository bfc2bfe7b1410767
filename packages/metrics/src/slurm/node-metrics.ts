import type { Gres } from '@navarch/slurm/gres'
import type { NodeRecord } from '@navarch/slurm/node-record'
import { isFuture } from '@navarch/slurm/node-state'
import type { Metric, MetricSample } from '../exposition.ts'
import { entryOf, gauge, single } from './make-metrics.ts'
import { addCounts, addGpus, type CountedNode, type CountedState, nodeStates } from './node-counts.ts'

/** Names of a state other than its own, which other exporters and documents use. */
const otherNames: Readonly<Partial<Record<CountedState, readonly string[]>>> = {
  alloc: ['allocated'],
  comp: ['completing'],
  err: ['error'],
  mix: ['mixed'],
  planned: ['plnd'],
  resv: ['reserved'],
}

const helpOf: Readonly<Record<CountedState, string>> = {
  alloc: 'Nodes with all CPUs allocated.',
  comp: 'Nodes whose jobs are all ending.',
  down: 'Nodes that are down.',
  drain: 'Nodes that take no new jobs: drained and draining ones.',
  err: 'Nodes in the state ERROR.',
  fail: 'Nodes that are expected to fail, by an administrator.',
  idle: 'Nodes without jobs; powered-down ones among them.',
  inval: 'Nodes whose slurmd told of another shape than slurm.conf.',
  maint: 'Nodes in a maintenance reservation.',
  mix: 'Nodes with some of their CPUs allocated.',
  planned: 'Nodes that backfill keeps for a job.',
  reboot: 'Nodes that are to reboot, or do.',
  resv: 'Nodes in a reservation.',
  unknown: 'Nodes that slurmctld has not heard of yet.',
  other: 'Nodes in a state that this program does not know.',
}

/** Nodes by state, CPUs and GPUs of the whole cluster. */
export function clusterMetrics(nodes: readonly CountedNode[], all: readonly NodeRecord[]): Metric[] {
  const count = (state: CountedState) => nodes.filter((node) => node.state === state).length
  const cpus = addCounts(nodes.map((node) => node.cpus))
  const gpus = addGpus(nodes)
  const sum = (value: (record: NodeRecord) => number) => nodes.reduce((total, { record }) => total + value(record), 0)
  return [
    single('slurm_nodes_total', 'Nodes; FUTURE names are none.', nodes.length),
    ...nodeStates.flatMap((state) => [
      single(`slurm_nodes_${state}`, helpOf[state], count(state)),
      ...(otherNames[state] ?? []).map((name) =>
        single(`slurm_nodes_${name}`, `The same as slurm_nodes_${state}.`, count(state)),
      ),
    ]),
    single(
      'slurm_nodes_future',
      'FUTURE names, which no host has claimed.',
      all.filter(({ state }) => isFuture(state)).length,
    ),
    gauge(
      'slurm_nodes_flagged',
      'Nodes whose state has a flag, whatever else it has: drain, not_responding, powered_down and others.',
      flagSamples(nodes),
    ),
    single('slurm_cpus_total', 'CPUs.', cpus.total),
    single('slurm_cpus_alloc', 'CPUs that are allocated to jobs.', cpus.alloc),
    single('slurm_cpus_idle', 'CPUs that are free.', cpus.idle),
    single(
      'slurm_cpus_other',
      'CPUs that are not in use and cannot be used: their nodes are drained or down.',
      cpus.other,
    ),
    single('slurm_mem_total_bytes', 'Memory that Slurm may give.', mib(sum((record) => record.memoryMb))),
    single(
      'slurm_mem_alloc_bytes',
      'Memory that is allocated to jobs.',
      mib(sum((record) => record.memoryAllocatedMb)),
    ),
    single(
      'slurm_gpus_total',
      'GPUs.',
      sum((record) => record.gpus),
    ),
    single('slurm_gpus_alloc', 'GPUs that are allocated to jobs.', gpus?.alloc),
    single('slurm_gpus_idle', 'GPUs that are free.', gpus?.idle),
    single(
      'slurm_gpus_other',
      'GPUs that are not in use and cannot be used: their nodes are drained or down.',
      gpus?.other,
    ),
    single(
      'slurm_gpus_utilization',
      'Share of the GPUs that is allocated, 0 to 1; absent without GPUs.',
      gpus && gpus.total > 0 ? gpus.alloc / gpus.total : undefined,
    ),
  ]
}

/** Generic resources of the whole cluster. */
export function gresMetrics(nodes: readonly CountedNode[]): Metric[] {
  return [
    gauge('slurm_gres_total', 'Generic resources that are configured, by name and type.', gresSamples(nodes, 'gres')),
    gauge(
      'slurm_gres_used',
      'Generic resources that are allocated to jobs, by name and type.',
      gresSamples(nodes, 'gresUsed'),
    ),
  ]
}

/** CPUs, memory, GPUs and generic resources of each node. Memory in MiB, as sinfo prints it. To be made one by one: each is long. */
export function perNodeMetrics(nodes: readonly CountedNode[]): (() => Metric)[] {
  // The same object in every metric: it is made, and rendered, once.
  const labelled = nodes.map((node) => ({ node, labels: { node: node.record.name, status: node.word } }))
  const each = (name: string, help: string, value: (node: CountedNode) => number | undefined) => (): Metric =>
    gauge(
      name,
      help,
      labelled.flatMap(({ node, labels }) => {
        const found = value(node)
        return found === undefined ? [] : [{ labels, value: found }]
      }),
    )
  return [
    each('slurm_node_cpu_alloc', 'CPUs of the node that are allocated.', ({ cpus }) => cpus.alloc),
    each('slurm_node_cpu_idle', 'CPUs of the node that are free.', ({ cpus }) => cpus.idle),
    each('slurm_node_cpu_other', 'CPUs of the node that are not in use and cannot be used.', ({ cpus }) => cpus.other),
    each('slurm_node_cpu_total', 'CPUs of the node.', ({ cpus }) => cpus.total),
    each(
      'slurm_node_mem_alloc',
      'Memory of the node that is allocated, in MiB.',
      ({ record }) => record.memoryAllocatedMb,
    ),
    each('slurm_node_mem_total', 'Memory of the node, in MiB.', ({ record }) => record.memoryMb),
    each('slurm_node_gpu_total', 'GPUs of the node.', ({ record }) => record.gpus),
    each('slurm_node_gpu_alloc', 'GPUs of the node that are allocated.', ({ gpus }) => gpus?.alloc),
    () =>
      gauge(
        'slurm_node_gres_total',
        'Generic resources of the node; gres_type is name or name:type.',
        nodeGresSamples(nodes, 'gres'),
      ),
    () =>
      gauge(
        'slurm_node_gres_used',
        'Generic resources of the node that are allocated.',
        nodeGresSamples(nodes, 'gresUsed'),
      ),
  ]
}

/** One resource of a list: "gpu" and "h100". Types that come several times on a node are one. */
function byType(list: readonly Gres[]): Map<string, Gres> {
  const sums = new Map<string, Gres>()
  for (const gres of list) {
    const key = gres.type === undefined ? gres.name : `${gres.name}:${gres.type}`
    const { count } = entryOf(sums, key, () => ({ ...gres, count: 0 }))
    sums.set(key, { ...gres, count: count + gres.count })
  }
  return sums
}

function nodeGresSamples(nodes: readonly CountedNode[], which: 'gres' | 'gresUsed'): MetricSample[] {
  return nodes.flatMap(({ record }) =>
    [...byType(gresOf(record, which) ?? [])].map(([key, { name, type = '', count }]) => ({
      labels: { node: record.name, gres_type: key, gres: name, type },
      value: count,
    })),
  )
}

/** Sums by name and type; of what is in use none where one node does not say it. */
function gresSamples(nodes: readonly CountedNode[], which: 'gres' | 'gresUsed'): MetricSample[] {
  const all: Gres[] = []
  for (const { record } of nodes) {
    const list = gresOf(record, which)
    if (!list) return []
    all.push(...list)
  }
  return [...byType(all).values()].map(({ name, type = '', count }) => ({ labels: { gres: name, type }, value: count }))
}

/**
 * What a node has in use under the names that it has them: Slurm leaves resources that are not in use out of some answers,
 * and tells those that a node has of one type without their type.
 */
function gresOf(record: NodeRecord, which: 'gres' | 'gresUsed'): readonly Gres[] | undefined {
  if (which === 'gres') return record.gres
  if (!record.gresUsed) return record.gres.length === 0 ? [] : undefined
  const used = record.gresUsed.map((gres) => {
    if (gres.type !== undefined) return gres
    const types = record.gres.filter(({ name }) => name === gres.name)
    const only = types.length === 1 ? types[0]?.type : undefined
    return only === undefined ? gres : { ...gres, type: only }
  })
  const known = used.filter(({ name, count }) => count > 0 || record.gres.some((gres) => gres.name === name))
  const missing = record.gres.filter((gres) => !used.some(({ name, type }) => name === gres.name && type === gres.type))
  return [...known, ...missing.map((gres) => ({ ...gres, count: 0 }))]
}

function flagSamples(nodes: readonly CountedNode[]): MetricSample[] {
  const counts = new Map<string, number>()
  for (const { record } of nodes) for (const flag of record.state.flags) counts.set(flag, (counts.get(flag) ?? 0) + 1)
  return [...counts].map(([flag, value]) => ({ labels: { flag: flag.toLowerCase() }, value }))
}

function mib(count: number): number {
  return count * 1024 * 1024
}
