import type { Metric } from '@navarch/metrics/exposition'
import type { JobMetricsInput, JobOfMetrics, NodeOfMetrics } from './job-metrics-input.ts'
import {
  gpusOfNodes,
  jobsToTell,
  mean,
  type NodeGpus,
  type Part,
  partsOf,
  withGpusOfJobs,
  withReadingsOfNode,
} from './job-parts.ts'
import { createSeriesBudget, type DroppedSeries, type SeriesBudget, seriesForFleet } from './series-budget.ts'

export interface JobMetricsOptions {
  /** How long a job that has ended keeps its series, ms: long enough to be scraped once. */
  keepEndedMs: number
  /** Age from which what an agent told of a running job is left out, ms: three of its intervals, at least. */
  freshMs: number
  /**
   * Most series in one scrape; what is over it is counted in `navarch_metrics_dropped_series_total`. Default: what the machines need,
   * `seriesForFleet`.
   */
  maxSeries?: number | undefined
}

export const defaultJobMetricsOptions: JobMetricsOptions = { keepEndedMs: 300_000, freshMs: 60_000 }

/**
 * The metrics of jobs, made anew at each scrape: `hpc_*` under the names and labels of the original service, `navarch_gpu_*` and
 * `navarch_job_info` with few series. A running job's values are those of its agents' last readings; those of one that has ended are of its
 * whole run: means of CPU, GPU and power, maxima of memory and temperature. What is not known has no series. Where the series are too
 * many, those of the last metrics go first, and in each those of the jobs that began last.
 */
export function jobMetrics(input: JobMetricsInput, options: JobMetricsOptions, dropped: DroppedSeries): Metric[] {
  const jobs = jobsToTell(input, options.keepEndedMs)
  const gpus = gpusOfNodes(input.nodes)
  const all = jobs.flatMap((job) => partsOf(job, input.now, options.freshMs))
  // Two parts under the same labels would be one series with two values, for which Prometheus refuses the whole scrape.
  const parts = [
    ...new Map(all.toReversed().map((part) => [`${part.view.jobId}\0${part.node}`, part])).values(),
  ].reverse()
  dropped.add('hpc_job_runtime_seconds', all.length - parts.length)
  const told = parts.map((part) => (part.running ? withReadingsOfNode(part, gpus) : part))
  const running = told.filter((part) => part.running)
  const known = withGpusOfJobs(gpus, running)
  const nodes = new Set([...input.nodes, ...running].map(({ node }) => node))
  const maxSeries = options.maxSeries ?? seriesForFleet({ gpus: known.size, nodes: nodes.size })
  const budget = createSeriesBudget(maxSeries, dropped)
  return [
    ...totals(input, budget),
    ...nodeMetrics(input, jobs, budget),
    ...gpuMetrics(known, running, budget),
    ...partMetrics(told, budget),
    {
      name: 'navarch_metrics_max_series',
      help: 'Most series of jobs, nodes and GPUs in a scrape; navarch_metrics_dropped_series_total counts what is over it.',
      type: 'gauge',
      samples: [{ value: maxSeries }],
    },
    dropped.metric(),
  ]
}

function totals({ countByState, totalRuns, jobs }: JobMetricsInput, { metric }: SeriesBudget): Metric[] {
  let last: number | undefined
  for (const { live } of jobs) for (const { heardAt } of live.values()) last = Math.max(last ?? heardAt, heardAt)
  return [
    metric(
      { name: 'hpc_job_state_total', help: 'Jobs by state.', type: 'untyped' },
      Object.entries(countByState),
      ([state]) => ({ state }),
      ([, count]) => count,
    ),
    single(metric, { name: 'hpc_job_total', help: 'Jobs that were ever recorded.', type: 'counter' }, totalRuns),
    single(
      metric,
      {
        name: 'hpc_exporter_last_collect_timestamp_seconds',
        help: 'When an agent last told of a running job; absent when none has.',
      },
      last === undefined ? undefined : last / 1000,
    ),
  ]
}

function single(
  metric: SeriesBudget['metric'],
  about: Parameters<SeriesBudget['metric']>[0],
  value: number | undefined,
): Metric {
  return metric(
    about,
    [value],
    () => ({}),
    (only) => only,
  )
}

function nodeMetrics({ nodes }: JobMetricsInput, jobs: readonly JobOfMetrics[], { metric }: SeriesBudget): Metric[] {
  const counts = new Map(nodes.map(({ node }) => [node, 0]))
  for (const { view } of jobs) for (const node of view.nodesRunning) counts.set(node, (counts.get(node) ?? 0) + 1)
  const ofNodes = (name: string, help: string, value: (node: NodeOfMetrics) => number | undefined) =>
    metric({ name, help }, nodes, ({ node }) => ({ node }), value)
  return [
    ofNodes('hpc_node_cpu_usage_percent', "Use of a node's CPUs, by its agent.", (node) => node.cpuPercent),
    ofNodes('hpc_node_memory_usage_bytes', "Use of a node's memory, by its agent.", (node) => node.memoryUsedBytes),
    ofNodes('hpc_node_gpu_usage_percent', "Mean use of a node's GPUs.", (node) =>
      mean(node.gpus.map((gpu) => gpu.utilizationPercent)),
    ),
    metric(
      // The name is the original's, and a gauge's may not end so.
      { name: 'hpc_node_job_count', help: 'Jobs that run on a node.', type: 'untyped' },
      counts,
      ([node]) => ({ node }),
      ([, count]) => count,
    ),
    ofNodes('hpc_node_total_memory_bytes', 'RealMemory of a node, by Slurm.', (node) => node.memoryTotalBytes),
    ofNodes('hpc_node_total_cpus', 'CPUs of a node, by Slurm.', (node) => node.cpus),
    ofNodes('hpc_node_cpu_load', 'Load of a node, by Slurm.', (node) => node.cpuLoad),
    metric(
      { name: 'hpc_node_state', help: "1 for a node's state, by Slurm." },
      nodes,
      ({ node, state = '' }) => ({ node, state }),
      ({ state }) => (state === undefined ? undefined : 1),
    ),
  ]
}

/** Values by GPU, whoever has it, and who has it: joined in queries, so that a job that ends ends one series and not eight. */
function gpuMetrics(gpus: NodeGpus, running: readonly Part[], { metric }: SeriesBudget): Metric[] {
  const holders = running.flatMap(({ view, node, gpus: ofPart }) =>
    (ofPart.length > 0 ? ofPart.map(({ uuid }) => uuid) : ['']).map((gpu) => ({ view, node, gpu })),
  )
  return [
    ...gpuValues.map(({ suffix, what, key }) =>
      metric(
        { name: `navarch_gpu_${suffix}`, help: `${what} of a GPU.` },
        gpus.values(),
        ({ labels }) => labels,
        ({ values }) => values[key],
      ),
    ),
    metric(
      { name: 'navarch_job_info', help: 'Who has a GPU now; without gpu where the job has none on the node.' },
      holders,
      ({ view: { jobId, user, account = '', partition = '' }, node, gpu }) => ({
        ...{ node, gpu, job_id: jobId, user, account, partition },
      }),
      () => 1,
    ),
  ]
}

const gpuValues = [
  { suffix: 'utilization_percent', what: 'Use', key: 'utilizationPercent' },
  { suffix: 'memory_used_bytes', what: 'Used memory', key: 'memoryUsedBytes' },
  { suffix: 'power_watts', what: 'Power', key: 'powerWatts' },
  { suffix: 'temperature_celsius', what: 'Temperature', key: 'temperatureCelsius' },
] as const

function partMetrics(parts: readonly Part[], { metric }: SeriesBudget): Metric[] {
  // One record of labels for all metrics of a thing: it is made into text once.
  const jobs = parts.map((part) => ({
    part,
    labels: { job_id: part.view.jobId, user: part.view.user, node: part.node },
  }))
  const ofParts = (name: string, help: string, value: (part: Part) => number | undefined) =>
    metric(
      { name, help },
      jobs,
      ({ labels }) => labels,
      ({ part }) => value(part),
    )
  const devices = parts.flatMap(({ view, node, gpus }) =>
    gpus.map((gpu) => ({ gpu, labels: { job_id: view.jobId, node, gpu_vendor: gpu.vendor, gpu_id: gpu.uuid } })),
  )
  return [
    ofParts('hpc_job_runtime_seconds', 'How long a job has run.', (part) => part.runtimeSeconds),
    ofParts('hpc_job_cpu_usage_percent', "Use of a job's CPUs on a node.", (part) => part.cpuPercent),
    ofParts('hpc_job_memory_usage_bytes', 'Working set of a job on a node.', (part) => part.memoryBytes),
    ofParts('hpc_job_gpu_usage_percent', "Mean use of a job's GPUs on a node.", (part) => part.gpuPercent),
    ...gpuValues.map(({ suffix, what, key }) =>
      metric(
        { name: `hpc_job_gpu_device_${suffix}`, help: `${what} of a GPU of a job.` },
        devices,
        ({ labels }) => labels,
        ({ gpu }) => gpu[key],
      ),
    ),
  ]
}
