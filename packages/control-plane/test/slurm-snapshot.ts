import { type JobRecord, jobRecord } from '@navarch/slurm/job-record'
import { type NodeRecord, nodeRecord } from '@navarch/slurm/node-record'
import { parsePartitions } from '@navarch/slurm/partition-record'
import type { SlurmSnapshot } from '@navarch/slurm/snapshot'

/** A node of 8 H100, as scontrol shows it. */
export function slurmRecord(name: string, state: string, used = 0, more: Record<string, string> = {}): NodeRecord {
  const fields = { Sockets: '2', CoresPerSocket: '48', ThreadsPerCore: '1', RealMemory: '1000000', AllocMem: '0' }
  return nodeRecord({
    ...fields,
    ...{ NodeName: name, State: state, CPUTot: '96', CPUAlloc: String(12 * used), TmpDisk: '0', Weight: '1' },
    ...{ Gres: 'gpu:h100:8', GresUsed: `gpu:h100:${used}`, Partitions: 'train', ...more },
  })
}

/** A job, as scontrol shows it. */
export function slurmJob(id: number, state: string, more: Record<string, string> = {}): JobRecord {
  const fields = { JobName: 'pretrain', UserId: 'ada(1001)', Account: 'vision', Partition: 'train', NumNodes: '1-1' }
  return jobRecord({ JobId: String(id), JobState: state, ...fields, NumCPUs: '8', Priority: '100', ...more })
}

/** A look at a cluster with a partition "train". */
export function snapshotOf(
  takenAt: number,
  nodes: readonly NodeRecord[],
  jobs: readonly JobRecord[] = [],
): SlurmSnapshot {
  return {
    ...{ takenAt, tookMs: 12, version: { major: 24, minor: 11, micro: 7, text: '24.11.7' }, nodes, jobs, finished: [] },
    partitions: parsePartitions(`PartitionName=train State=UP Nodes=${nodes.map(({ name }) => name).join(',')}`),
    ...{ costs: [], problems: [] },
  }
}
