import type { JobRecord, JobRequest } from '@navarch/slurm/job-record'
import type { NodeRecord } from '@navarch/slurm/node-record'
import { parseNodeState } from '@navarch/slurm/node-state'
import type { PartitionRecord } from '@navarch/slurm/partition-record'
import { parsePendingReason } from '@navarch/slurm/pending-reason'
import type { Finding } from '../src/health/finding.ts'
import type { FleetNode } from '../src/node/node.ts'

/** A pending job of one node that waits for resources. */
export function job(
  over: Partial<Omit<JobRecord, 'request' | 'reason'>> & { request?: Partial<JobRequest>; reason?: string } = {},
): JobRecord {
  const { request, reason = 'Resources', ...rest } = over
  return {
    id: 1,
    name: 'train',
    user: 'ada',
    partitions: ['gpu'],
    state: 'PENDING',
    reason: parsePendingReason(reason),
    priority: 100,
    restarts: 0,
    tres: {},
    ...rest,
    request: {
      nodesMin: 1,
      cpus: 1,
      gresPerJob: [],
      gresPerNode: [],
      gresPerSocket: [],
      gresPerTask: [],
      exclusive: 'no',
      contiguous: false,
      ...request,
    },
  }
}

/** A node of the partition "gpu" with 96 CPUs, 1,000,000 MiB and 8 H100 GPUs. */
export function slurmNode(name: string, state = 'IDLE', over: Partial<NodeRecord> = {}): NodeRecord {
  return {
    name,
    state: parseNodeState(state),
    address: name,
    hostname: name,
    partitions: ['gpu'],
    cpus: 96,
    cpusAllocated: 0,
    boards: 1,
    sockets: 2,
    coresPerSocket: 48,
    threadsPerCore: 1,
    memoryMb: 1_000_000,
    memoryAllocatedMb: 0,
    tmpDiskMb: 0,
    weight: 1,
    features: [],
    activeFeatures: [],
    gres: [{ name: 'gpu', type: 'h100', count: 8 }],
    gpus: 8,
    gpusAllocated: 0,
    tres: {},
    tresAllocated: {},
    ...over,
  }
}

export function partition(name: string, over: Partial<PartitionRecord> = {}): PartitionRecord {
  return {
    name,
    state: 'UP',
    isDefault: false,
    hidden: false,
    rootOnly: false,
    nodes: '',
    nodeSets: [],
    totalNodes: 0,
    totalCpus: 0,
    minNodes: 0,
    maxTime: 'unlimited',
    priorityTier: 1,
    priorityJobFactor: 1,
    allowAccounts: 'ALL',
    allowQos: 'ALL',
    allowGroups: 'ALL',
    overSubscribe: 'NO',
    tres: {},
    ...over,
  }
}

/** An active, healthy node of the pool "gpu". */
export function fleetNode(id: string, over: Partial<FleetNode> = {}): FleetNode {
  return {
    id,
    pool: 'gpu',
    provider: 'fake',
    region: 'r1',
    zone: 'a',
    instanceType: 'h100-8x',
    status: 'active',
    health: 'healthy',
    healthReason: '',
    badReports: 0,
    recentReports: [],
    gpus: [],
    samples: [],
    findings: [],
    hostname: id,
    internalIp: '',
    externalIp: '',
    kernelVersion: '',
    labels: {},
    agentVersion: '',
    bootId: 'boot-1',
    createdAt: 0,
    ...over,
  }
}

/** A condition that asks for a drain after the threshold. */
export function finding(over: Partial<Finding> = {}): Finding {
  return {
    id: 'n1/ecc-uncorrected/GPU-1/0',
    node: 'n1',
    source: 'nvidia-smi',
    code: 'ecc-uncorrected',
    class: 'drain-reset',
    fatal: false,
    gpuUuid: 'GPU-1',
    message: '1 uncorrectable ECC error',
    evidence: 'ecc.errors.uncorrected.volatile.total: 1',
    at: 0,
    ...over,
  }
}
