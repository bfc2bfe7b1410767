import { classifyXid } from '../src/health/classify-xid.ts'
import type { Finding } from '../src/health/finding.ts'
import type { ReportInput } from '../src/job/job-report.ts'
import type { GpuUsage, NodeUsage } from '../src/job/node-usage.ts'
import { reportJob } from '../src/job/report.ts'
import type { JobView } from '../src/job/view-job.ts'

/** 14:00:00 UTC. */
export const jobStart = Date.UTC(2026, 10, 21, 14)
/** A moment, in seconds from the start of the job. */
export const after = (seconds: number): number => jobStart + seconds * 1000

/** Job 812 of alice on gpu-17 with GPU 3, an hour long and completed. */
export function view(over: Partial<JobView> = {}): JobView {
  return {
    cluster: 'default',
    jobId: '812',
    restart: 0,
    runId: '812-r0',
    state: 'completed',
    rawState: 'COMPLETED',
    confirmed: true,
    user: 'alice',
    nodes: ['gpu-17'],
    nodesRunning: [],
    startTime: jobStart,
    endTime: after(3600),
    exit: { status: 0, signal: 0 },
    exits: {},
    requested: {},
    allocated: { cpus: 8, memoryMb: 65_536, gpus: 1 },
    gpus: [{ node: 'gpu-17', uuid: 'GPU-3', vendor: 'nvidia', index: 3 }],
    gpuVendor: 'nvidia',
    cgroupPaths: {},
    usage: {},
    set: {},
    schedulerType: 'slurm',
    extra: {},
    ingestVersion: 'prolog-v1',
    ...over,
  }
}

export function failedView(over: Partial<JobView> = {}): JobView {
  return view({ state: 'failed', rawState: 'FAILED', exit: { status: 1, signal: 0 }, ...over })
}

/** A run of which Slurm says that it ended so. */
export function slurmSays(rawState: string, over: Partial<JobView> = {}): JobView {
  const state = ['CANCELLED', 'PREEMPTED', 'REVOKED'].includes(rawState) ? 'cancelled' : 'failed'
  return failedView({ rawState, state, ...over })
}

/** An hour on a node: 7 of 8 CPUs busy, 40 of 64 GiB, nothing wrong. */
export function usage(over: Partial<NodeUsage> = {}): NodeUsage {
  return {
    source: 'cgroup-v2',
    since: jobStart,
    until: after(3600),
    readings: 240,
    cpus: 8,
    cpuSeconds: 25_200,
    memoryMaxBytes: 40 * 2 ** 30,
    memoryLimitBytes: 64 * 2 ** 30,
    oomKills: 0,
    gpus: [gpu()],
    ...over,
  }
}

/** GPU 3, busy for 90 % of an hour. */
export function gpu(over: Partial<GpuUsage> = {}): GpuUsage {
  return {
    uuid: 'GPU-3',
    vendor: 'nvidia',
    index: 3,
    readings: 240,
    utilizationMean: 90,
    utilizationMax: 100,
    utilizationSeconds: 3600,
    idleSeconds: 0,
    ...over,
  }
}

/** What the agent on gpu-17 makes of an XID on the job's GPU. */
export function xid(code: number, at: number, over: Partial<Finding> = {}): Finding {
  const line = { id: `boot/${code}/${at}`, node: 'gpu-17', xid: code, message: '', evidence: `NVRM: Xid ${code}`, at }
  return { ...classifyXid({ ...line, gpuUuid: 'GPU-3', gpuIndex: 3 }), ...over }
}

export function input(over: Partial<ReportInput> = {}): ReportInput {
  return {
    view: view(),
    usage: { 'gpu-17': usage() },
    findings: [],
    nodeStates: [],
    earlierRuns: [],
    now: after(7200),
    ...over,
  }
}

/** The verdict without its evidence. */
export function verdictOf(over: Partial<ReportInput>): [sentence: string, cause: string, confidence: string] {
  const { sentence, cause, confidence } = reportJob(input(over)).verdict
  return [sentence, cause, confidence]
}
