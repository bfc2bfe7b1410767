import { formatTimeLimit } from '@navarch/slurm/duration'
import { compressHosts } from '@navarch/slurm/hostlist'
import { formatTimestamp } from '@navarch/slurm/timestamp'
import { cpusPerGpu, memoryMbPerGpu, nodeShape, type SimulatedJob } from './cluster.ts'

/**
 * Prints jobs as `squeue -h -O FORMAT` does, for formats whose every field is `name:SUFFIX`.
 * A field that this squeue does not know is left out with its suffix, as the real one does.
 */
export function squeueText(jobs: readonly SimulatedJob[], format: string, ended?: 'COMPLETED'): string {
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
function fieldsOf(job: SimulatedJob, ended: 'COMPLETED' | undefined): Record<string, string | number> {
  const { nodeCount, gpusPerNode, startedAt } = job
  const cpus = nodeCount * gpusPerNode * cpusPerGpu
  const memoryMb = gpusPerNode * memoryMbPerGpu
  const gpus = nodeCount * gpusPerNode
  const running = startedAt !== undefined
  return {
    jobid: job.id,
    jobarrayid: job.id,
    hetjobid: 'N/A',
    hetjoboffset: 'N/A',
    state: ended ?? (running ? 'RUNNING' : 'PENDING'),
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
    reqnodes: '',
    oversubscribe: 'OK',
    contiguous: 0,
    nodelist: compressHosts(job.nodes),
    schednodes: '(null)',
    prioritylong: job.priority,
    submittime: formatTimestamp(job.submittedAt),
    eligibletime: formatTimestamp(job.submittedAt),
    starttime: running ? formatTimestamp(startedAt) : 'N/A',
    endtime: running ? formatTimestamp(startedAt + (ended ? job.durationMs : job.timeLimitMs)) : 'N/A',
    timelimit: formatTimeLimit(job.timeLimitMs),
    username: job.user,
    account: 'research',
    qos: 'normal',
    reservation: '(null)',
    restartcnt: job.restarts,
    exit_code: '0:0',
    dependency: '(null)',
    licenses: '(null)',
    excnodes: '',
    name: job.name,
  }
}
