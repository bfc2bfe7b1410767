import type { JobJson, JobReportJson, WasteJson } from '@navarch/api/jobs'
import { ago } from './fleet.ts'

export function job(id: string, overrides: Partial<JobJson> = {}): JobJson {
  return {
    id,
    user: 'alice',
    nodes: ['gpu-17'],
    node_count: 1,
    state: 'running',
    start_time: ago(7200),
    runtime_seconds: 7200,
    cpu_usage: 12.4,
    gpu_usage: 91.2,
    allocated_gpus: 1,
    cluster_name: 'default',
    ingest_version: 'prolog-v1',
    sample_count: 480,
    scheduler: { type: 'slurm', partition: 'gpu', account: 'physics', raw_state: 'RUNNING' },
    run_id: `${id}-r0`,
    restart: 0,
    name: 'train',
    confirmed: false,
    usage_source: 'cgroup-v2',
    gpus: [{ node: 'gpu-17', uuid: 'GPU-3', vendor: 'nvidia', index: 3 }],
    nodes_running: ['gpu-17'],
    cgroup_paths: {},
    ...overrides,
  }
}

/** A job that a fallen GPU ended. */
export function failedReport(id: string): JobReportJson {
  return {
    job: job(id, {
      state: 'failed',
      end_time: ago(60),
      confirmed: true,
      signal: 6,
      nodes_running: [],
      scheduler: { type: 'slurm', partition: 'gpu', raw_state: 'NODE_FAIL', exit_code: 0 },
    }),
    verdict: {
      cause: 'hardware',
      sentence: `Job ${id} failed on gpu-17: XID 79 on GPU 3, 4 s before it ended.`,
      confidence: 'certain',
      evidence: [{ at: ago(64), node: 'gpu-17', source: 'kernel-log', text: 'NVRM: Xid 79\u001b[2J' }],
    },
    efficiency: {
      cpu: 12.4,
      gpu: 91,
      cpu_seconds: 3600,
      memory_max_bytes: 8 * 1024 ** 3,
      memory_allocated_bytes: 64 * 1024 ** 3,
      memory: 12.5,
      gpu_hours: 2,
      walltime_seconds: 7200,
      time_limit_seconds: 14_400,
    },
    nodes: [
      {
        node: 'gpu-17',
        source: 'cgroup-v2',
        cpu_percent: 12.4,
        cpu_seconds: 3600,
        memory_max_bytes: 8 * 1024 ** 3,
        oom_kills: 0,
        signal: 6,
        gpus: [
          { uuid: 'GPU-3', vendor: 'nvidia', index: 3, model: 'H100', utilization_mean: 91, utilization_max: 100 },
        ],
      },
    ],
    notes: [{ severity: 'warning', text: 'Of 64 GiB of memory 8 GiB were used at most.', flag: '--mem=10G' }],
  }
}

export function runningReport(id: string): JobReportJson {
  return {
    job: job(id),
    verdict: { cause: 'none', sentence: `Job ${id} runs.`, confidence: 'certain', evidence: [] },
    efficiency: {},
    nodes: [],
    notes: [],
  }
}

export const idle: WasteJson = {
  job_id: '77',
  run_id: '77-r0',
  user: 'bob',
  partition: 'gpu',
  gpus_held: 8,
  gpus_idle: 6,
  idle_since: ago(2520),
  idle_gpu_hours: 4.2,
  nodes: ['gpu-2'],
  reason: '0 % for 42 min',
}
