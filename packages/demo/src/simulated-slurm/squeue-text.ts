import { formatTimeLimit } from '@navarch/slurm/duration'
import { compressHosts } from '@navarch/slurm/hostlist'
import { formatTimestamp } from '@navarch/slurm/timestamp'
import { cpusPerGpu, memoryMbPerGpu, nodeShape, type Outcome, type SimulatedJob } from './cluster.ts'

/** As squeue prints them: exit status and signal; 125 is Slurm's mark for no memory. */
const exitCodes: Record<Outcome, string> = {
  COMPLETED: '0:0',
  FAILED: '1:0',
  TIMEOUT: '0:15',
  OUT_OF_MEMORY: '0:125',
  CANCELLED: '0:15',
}

/**
 * Prints jobs as `squeue -h -O FORMAT` does, for formats whose every field is `name:SUFFIX`.
 * A field that this squeue does not know is left out with its suffix, as the real one does.
 */
export function squeueText(jobs: readonly SimulatedJob[], format: string, ended = false): string {
  const columns = format.split(',').map((column) => {
    const colon = column.indexOf(':')
    return colon < 0 ? { name: column, suffix: '' } : { name: column.slice(0, colon), suffix: column.slice(colon + 1) }
  })
  return jobs
    .map((job) => {
      const values = fieldsOf(job, ended)
      const known = columns.filter(({ name }) => name.toLowerCase() in values)
      return `${known.map(({ name, suffix }) => `${values[name.toLowerCase()]}${suffix}`).join('')}\n`
    })
    .join('')
}

/** The values of every field that we ask for, by lower-case name, in the words of 24.11. */
function fieldsOf(job: SimulatedJob, ended: boolean): Record<string, string | number> {
  const { nodeCount, gpusPerNode, startedAt } = job
  const cpus = nodeCount * gpusPerNode * cpusPerGpu
  const memoryMb = gpusPerNode * memoryMbPerGpu
  const gpus = nodeCount * gpusPerNode
  const running = startedAt !== undefined
  return {
    jobid: job.id,
    jobarrayid: arrayId(job),
    hetjobid: 'N/A',
    hetjoboffset: 'N/A',
    state: ended ? job.outcome : running ? 'RUNNING' : 'PENDING',
    reason: job.reason,
    partition: job.partition,
    numnodes: nodeCount,
    maxnodes: nodeCount,
    numcpus: cpus,
    numtasks: nodeCount,
    'cpus-per-task': gpusPerNode * cpusPerGpu,
    mincpus: gpusPerNode * cpusPerGpu,
    minmemory: `${memoryMb}M`,
    'tres-alloc': `cpu=${cpus},mem=${memoryMb * nodeCount}M,node=${nodeCount},billing=${cpus},gres/gpu=${gpus},gres/gpu:${nodeShape.gpuType}=${gpus}`,
    'tres-per-job': 'N/A',
    'tres-per-node': `gres/gpu:${nodeShape.gpuType}:${gpusPerNode}`,
    'tres-per-socket': 'N/A',
    'tres-per-task': 'N/A',
    feature: '(null)',
    reqnodes: job.node ?? '',
    oversubscribe: 'OK',
    contiguous: 0,
    nodelist: compressHosts(job.nodes),
    schednodes: '(null)',
    prioritylong: job.priority,
    submittime: formatTimestamp(job.submittedAt),
    eligibletime: formatTimestamp(job.waiting?.eligibleAt ?? job.submittedAt),
    starttime: running
      ? formatTimestamp(startedAt)
      : job.expectedAt === undefined
        ? 'N/A'
        : formatTimestamp(job.expectedAt),
    endtime: running ? formatTimestamp(startedAt + (ended ? job.durationMs : job.timeLimitMs)) : 'N/A',
    timelimit: formatTimeLimit(job.timeLimitMs),
    username: job.user,
    account: job.account,
    qos: job.qos,
    reservation: '(null)',
    restartcnt: job.restarts,
    exit_code: ended ? exitCodes[job.outcome] : '0:0',
    dependency: job.waiting?.dependency ?? '(null)',
    licenses: '(null)',
    excnodes: '',
    name: job.name,
  }
}

/** "12", "12_3" of one task, "12_[4-40%8]" of those that wait. */
function arrayId({ id, array }: SimulatedJob): string | number {
  if (!array) return id
  const { jobId, first, last, most } = array
  return first === last ? `${jobId}_${first}` : `${jobId}_[${first}-${last}%${most}]`
}
