import type { DiagRecord } from '@navarch/slurm/diag-record'
import type { JobRecord } from '@navarch/slurm/job-record'
import { type NodeRecord, parseNodes } from '@navarch/slurm/node-record'
import { type PartitionRecord, parsePartitions } from '@navarch/slurm/partition-record'
import { parsePendingReason } from '@navarch/slurm/pending-reason'
import { SlurmError } from '@navarch/slurm/slurm-error'
import type { SlurmSnapshot } from '@navarch/slurm/snapshot'
import type { Clock } from '@navarch/system/clock'
import type { SlurmLink } from '../../src/slurm/slurm-link.ts'
import { createSlurmDouble, jobIn } from '../slurm-double.ts'

/** A Slurm whose looks a test decides: each look is as new as the clock says, unless it is away. */
export interface SlurmView {
  link: SlurmLink
  nodes: NodeRecord[]
  jobs: JobRecord[]
  diag: Partial<DiagRecord>
  partitions: PartitionRecord[]
  problems: SlurmSnapshot['problems'][number][]
  away: boolean
  /** One look, as the poller makes it. */
  look(): void
}

export function createSlurmView(clock: Clock): SlurmView {
  const listeners = new Set<() => void>()
  let snapshot: SlurmSnapshot | undefined
  const { link } = createSlurmDouble(clock)
  const view: SlurmView = {
    nodes: [],
    jobs: [],
    diag: {},
    partitions: [...partitions],
    problems: [],
    away: false,
    link: {
      ...link,
      config: () => Promise.reject(new SlurmError('unreachable', 'no config')),
      view: () => ({
        ...(snapshot && { snapshot, ageMs: clock.now() - snapshot.takenAt }),
        ...(view.away && { error: new SlurmError('unreachable', 'Unable to contact slurm controller') }),
        failures: view.away ? 1 : 0,
      }),
      onLook: (listener) => {
        listeners.add(listener)
        return () => listeners.delete(listener)
      },
    },
    look() {
      if (!view.away) {
        snapshot = {
          takenAt: clock.now(),
          tookMs: 1,
          version: { major: 24, minor: 11, micro: 0, text: '24.11.0' },
          nodes: view.nodes,
          jobs: view.jobs,
          finished: [],
          partitions: view.partitions,
          diag: { ...quiet, ...view.diag },
          costs: [],
          problems: view.problems,
        }
      }
      for (const listener of listeners) listener()
    },
  }
  return view
}

const partitions = parsePartitions(
  'PartitionName=gpu AllowGroups=ALL AllowAccounts=ALL AllowQos=ALL AllocNodes=ALL Default=YES QoS=N/A DefaultTime=NONE DisableRootJobs=NO ExclusiveUser=NO GraceTime=0 Hidden=NO MaxNodes=UNLIMITED MaxTime=UNLIMITED MinNodes=0 LLN=NO MaxCPUsPerNode=UNLIMITED Nodes=n[0-3] PriorityJobFactor=1 PriorityTier=1 RootOnly=NO ReqResv=NO OverSubscribe=NO OverTimeLimit=NONE PreemptMode=OFF State=UP TotalCPUs=32 TotalNodes=4 SelectTypeParameters=NONE DefMemPerNode=UNLIMITED MaxMemPerNode=UNLIMITED',
)

const quiet: DiagRecord = {
  ...{ at: 0, since: 0, serverThreads: 1, agentQueueSize: 0, dbdAgentQueueSize: 0 },
  ...{ jobsSubmitted: 0, jobsStarted: 0, jobsCompleted: 0, jobsCanceled: 0, jobsFailed: 0 },
  ...{ meanCycleMicroseconds: 1_000, backfill: {}, rpcByType: [], rpcByUser: [] },
}

/** A node as scontrol prints it. @param reason with who set it and when, e.g. "bad fan [root@2026-01-01T00:00:00]" */
export function slurmNode(
  name: string,
  state: string,
  change: { reason?: string; gpusUsed?: number } = {},
): NodeRecord {
  const { reason, gpusUsed = 0 } = change
  const [record] = parseNodes(`NodeName=${name} CoresPerSocket=1
   CPUAlloc=0 CPUTot=8
   Gres=gpu:8
   GresUsed=gpu:${gpusUsed}
   NodeAddr=${name} NodeHostName=${name}
   RealMemory=1 AllocMem=0 FreeMem=N/A Sockets=1 Boards=1
   State=${state} ThreadsPerCore=1 TmpDisk=0 Weight=1 Owner=N/A MCS_label=N/A
   Partitions=gpu
${reason === undefined ? '' : `   Reason=${reason}\n`}
`)
  if (!record) throw new Error('the text has no node')
  return record
}

export function pendingJob(reason: string, submitTime: number): JobRecord {
  return { ...jobIn('PENDING'), reason: parsePendingReason(reason), submitTime }
}
