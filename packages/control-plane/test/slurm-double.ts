import type { SlurmClient } from '@navarch/slurm/client'
import type { JobRecord } from '@navarch/slurm/job-record'
import { parseNodes } from '@navarch/slurm/node-record'
import { parsePendingReason } from '@navarch/slurm/pending-reason'
import { SlurmError } from '@navarch/slurm/slurm-error'
import type { Clock } from '@navarch/system/clock'
import { createSlurmLink, type SlurmLink } from '../src/slurm/slurm-link.ts'

/** What slurmctld holds of one node. */
export interface NodeDouble {
  state: string
  reason?: string
  address?: string
  jobs: JobRecord[]
}

/** The link over a slurmctld that is a map. */
export interface SlurmDouble {
  link: SlurmLink
  nodes: Map<string, NodeDouble>
  /** Called before each answer about a node. */
  onShow: () => Promise<void>
}

const missing = () => Promise.reject(new Error('the double has no such command'))

/** Drains and resumes as slurmctld does, as far as the control plane looks. */
export function createSlurmDouble(clock: Clock): SlurmDouble {
  const nodes = new Map<string, NodeDouble>()
  const double: SlurmDouble = { nodes, onShow: async () => {}, link: undefined as never }
  const client: SlurmClient = {
    async showNode(name) {
      await double.onShow()
      const node = nodes.get(name)
      const [record] = node ? parseNodes(printed(name, node)) : []
      if (!record) throw new SlurmError('not-found', `no node ${name}`)
      return record
    },
    async updateNode(names, { state, reason, nodeAddr }) {
      const node = nodes.get(String(names))
      if (!node) throw new SlurmError('not-found', `no node ${String(names)}`)
      if (nodeAddr !== undefined) node.address = nodeAddr
      const flags = node.state.split('+')
      if (state === 'DRAIN') node.state = [...new Set([...flags, 'DRAIN'])].join('+')
      if (state === 'RESUME') {
        node.state = flags
          .filter((flag) => flag !== 'DRAIN')
          .map((flag) => (flag === 'DOWN' ? 'IDLE' : flag))
          .join('+')
        delete node.reason
      }
      if (reason !== undefined) node.reason = reason
    },
    jobsOnNode: async (name) => nodes.get(name)?.jobs ?? [],
    deleteNode: async (name) => void nodes.delete(name),
    showConfig: missing,
    createNode: missing,
    version: missing,
    snapshot: missing,
    details: missing,
    topology: missing,
    partitions: missing,
    jobDetail: missing,
    accountedJobs: missing,
    adminComment: missing,
    setAdminComment: missing,
    ping: missing,
  }
  const poller = { latest: () => ({ failures: 0 }), refresh: missing, onSnapshot: () => () => {}, stop: () => {} }
  double.link = createSlurmLink(client, poller, clock)
  return double
}

export function jobIn(state: JobRecord['state']): JobRecord {
  return {
    id: 7,
    name: 'train',
    user: 'ada',
    partitions: ['gpu'],
    state,
    reason: parsePendingReason('None'),
    priority: 1,
    restarts: 0,
    tres: {},
    request: {
      nodesMin: 1,
      cpus: 1,
      gresPerJob: [],
      gresPerNode: [],
      gresPerSocket: [],
      gresPerTask: [],
      exclusive: 'no',
      contiguous: false,
    },
  }
}

function printed(name: string, { state, reason, address }: NodeDouble): string {
  const why = reason === undefined ? '' : `   Reason=${reason} [root@2026-01-01T00:00:00]\n`
  return `NodeName=${name} CoresPerSocket=1
   CPUAlloc=0 CPUTot=1
   NodeAddr=${address ?? name} NodeHostName=${name}
   RealMemory=1 AllocMem=0 FreeMem=N/A Sockets=1 Boards=1
   State=${state} ThreadsPerCore=1 TmpDisk=0 Weight=1 Owner=N/A MCS_label=N/A
   Partitions=gpu
${why}
`
}
