import { capSeries, type DroppedSeries } from './cap-series.ts'
import type { Metric, MetricSample } from './exposition.ts'
import type { JobMetricsInput, JobOfMetrics, NodeOfMetrics } from './job-metrics-input.ts'
import {
  gpuKey,
  gpusOfNodes,
  jobsToTell,
  mean,
  type NodeGpus,
  type Part,
  partsOf,
  withReadingsOfNode,
} from './job-parts.ts'

export interface JobMetricsOptions {
  /** How long a job that has ended keeps its series, ms: long enough to be scraped once. */
  keepEndedMs: number
  /** Age from which what an agent told of a running job is left out, ms: three of its intervals, at least. */
  freshMs: number
  /** Most series in one scrape; what is over it is counted in `navarch_metrics_dropped_series_total`. */
  maxSeries: number
}

export const defaultJobMetricsOptions: JobMetricsOptions = { keepEndedMs: 300_000, freshMs: 60_000, maxSeries: 50_000 }

/**
 * The metrics of jobs, made anew at each scrape: `hpc_*` under the names and labels of the original service, `navarch_gpu_*` and
 * `navarch_job_info` with few series. A running job's values are those of its agents' last readings; those of one that has ended are of its
 * whole run: means of CPU, GPU and power, maxima of memory and temperature. What is not known has no series. Where the series are too
 * many, those of the last metrics go first, and in each those of the jobs that began last.
 */
export function jobMetrics(input: JobMetricsInput, options: JobMetricsOptions, dropped: DroppedSeries): Metric[] {
  const jobs = jobsToTell(input, options.keepEndedMs)
  const gpus = gpusOfNodes(input.nodes)
  const parts = jobs
    .flatMap((job) => partsOf(job, input.now, options.freshMs))
    .map((part) => (part.running ? withReadingsOfNode(part, gpus) : part))
  const metrics = [...totals(input), ...nodeMetrics(input, jobs), ...gpuMetrics(gpus, parts), ...partMetrics(parts)]
  return [...capSeries(metrics, options.maxSeries, dropped), dropped.metric()]
}

function totals({ countByState, totalRuns, jobs }: JobMetricsInput): Metric[] {
  const heard = jobs.flatMap(({ live }) => [...live.values()].map(({ heardAt }) => heardAt))
  const last = heard.reduce<number | undefined>((latest, at) => Math.max(latest ?? at, at), undefined)
  return [
    {
      name: 'hpc_job_state_total',
      help: 'Jobs by state.',
      type: 'untyped',
      samples: Object.entries(countByState).map(([state, value]) => ({ labels: { state }, value })),
    },
    { name: 'hpc_job_total', help: 'Jobs that were ever recorded.', type: 'counter', samples: [{ value: totalRuns }] },
    {
      name: 'hpc_exporter_last_collect_timestamp_seconds',
      help: 'When an agent last told of a running job; absent when none has.',
      type: 'gauge',
      samples: last === undefined ? [] : [{ value: last / 1000 }],
    },
  ]
}

function nodeMetrics({ nodes }: JobMetricsInput, jobs: readonly JobOfMetrics[]): Metric[] {
  const counts = new Map(nodes.map(({ node }) => [node, 0]))
  for (const { view } of jobs) for (const node of view.nodesRunning) counts.set(node, (counts.get(node) ?? 0) + 1)
  const gauge = (name: string, help: string, value: (node: NodeOfMetrics) => number | undefined): Metric => ({
    name,
    help,
    type: 'gauge',
    samples: nodes.flatMap((node) => sample({ node: node.node }, value(node))),
  })
  return [
    gauge('hpc_node_cpu_usage_percent', "Use of a node's CPUs, by its agent.", (node) => node.cpuPercent),
    gauge('hpc_node_memory_usage_bytes', "Use of a node's memory, by its agent.", (node) => node.memoryUsedBytes),
    gauge('hpc_node_gpu_usage_percent', "Mean use of a node's GPUs.", (node) =>
      mean(node.gpus.map((gpu) => gpu.utilizationPercent)),
    ),
    {
      name: 'hpc_node_job_count',
      help: 'Jobs that run on a node.',
      // The name is the original's, and a gauge's may not end so.
      type: 'untyped',
      samples: [...counts].map(([node, value]) => ({ labels: { node }, value })),
    },
    gauge('hpc_node_total_memory_bytes', 'RealMemory of a node, by Slurm.', (node) => node.memoryTotalBytes),
    gauge('hpc_node_total_cpus', 'CPUs of a node, by Slurm.', (node) => node.cpus),
    gauge('hpc_node_cpu_load', 'Load of a node, by Slurm.', (node) => node.cpuLoad),
    {
      name: 'hpc_node_state',
      help: "1 for a node's state, by Slurm.",
      type: 'gauge',
      samples: nodes.flatMap(({ node, state }) => (state === undefined ? [] : [{ labels: { node, state }, value: 1 }])),
    },
  ]
}

/** Values by GPU, whoever has it, and who has it: joined in queries, so that a job that ends ends one series and not eight. */
function gpuMetrics(ofNodes: NodeGpus, parts: readonly Part[]): Metric[] {
  const gpus = new Map(ofNodes)
  for (const { node, gpus: ofPart } of parts.filter(({ running }) => running)) {
    for (const { uuid, vendor: _, ...values } of ofPart) {
      const key = gpuKey(node, uuid)
      if (!gpus.has(key)) gpus.set(key, { labels: { node, gpu: uuid }, values })
    }
  }
  return [
    ...gpuValues.map(({ suffix, what, key }) => ({
      name: `navarch_gpu_${suffix}`,
      help: `${what} of a GPU.`,
      type: 'gauge' as const,
      samples: [...gpus.values()].flatMap(({ labels, values }) => sample(labels, values[key])),
    })),
    {
      name: 'navarch_job_info',
      help: 'Who has a GPU now; without gpu where the job has none on the node.',
      type: 'gauge',
      samples: parts
        .filter(({ running }) => running)
        .flatMap(({ view, node, gpus: ofPart }) => {
          const { jobId: job_id, user, account = '', partition = '' } = view
          const uuids = ofPart.length > 0 ? ofPart.map(({ uuid }) => uuid) : ['']
          return uuids.map((gpu) => ({ labels: { node, gpu, job_id, user, account, partition }, value: 1 }))
        }),
    },
  ]
}

const gpuValues = [
  { suffix: 'utilization_percent', what: 'Use', key: 'utilizationPercent' },
  { suffix: 'memory_used_bytes', what: 'Used memory', key: 'memoryUsedBytes' },
  { suffix: 'power_watts', what: 'Power', key: 'powerWatts' },
  { suffix: 'temperature_celsius', what: 'Temperature', key: 'temperatureCelsius' },
] as const

function partMetrics(parts: readonly Part[]): Metric[] {
  const gauge = (name: string, help: string, value: (part: Part) => number | undefined): Metric => ({
    name,
    help,
    type: 'gauge',
    samples: parts.flatMap((part) => {
      const { jobId: job_id, user } = part.view
      return sample({ job_id, user, node: part.node }, value(part))
    }),
  })
  return [
    gauge('hpc_job_runtime_seconds', 'How long a job has run.', (part) => part.runtimeSeconds),
    gauge('hpc_job_cpu_usage_percent', "Use of a job's CPUs on a node.", (part) => part.cpuPercent),
    gauge('hpc_job_memory_usage_bytes', 'Working set of a job on a node.', (part) => part.memoryBytes),
    gauge('hpc_job_gpu_usage_percent', "Mean use of a job's GPUs on a node.", (part) => part.gpuPercent),
    ...gpuValues.map(({ suffix, what, key }) => ({
      name: `hpc_job_gpu_device_${suffix}`,
      help: `${what} of a GPU of a job.`,
      type: 'gauge' as const,
      samples: parts.flatMap(({ view, node, gpus }) =>
        gpus.flatMap((gpu) => sample({ job_id: view.jobId, node, gpu_vendor: gpu.vendor, gpu_id: gpu.uuid }, gpu[key])),
      ),
    })),
  ]
}

function sample(labels: Record<string, string>, value: number | undefined): MetricSample[] {
  return value === undefined || !Number.isFinite(value) ? [] : [{ labels, value }]
}
