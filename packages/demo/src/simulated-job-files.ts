import { rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { JobAgentOptions } from '@navarch/agent/jobs/job-agent'
import { compressHosts } from '@navarch/slurm/hostlist'
import { hostLoad } from './load.ts'
import { cpusPerGpu, memoryMbPerGpu, type Outcome, type SimulatedJob } from './simulated-slurm/cluster.ts'

type FileTree = NonNullable<JobAgentOptions['tree']>

/** Where a host that does not exist has its files, so that none of this machine's is ever read in their place. */
export const simulatedProc = '/nowhere/navarch-demo/proc'
const cgroupMount = '/nowhere/navarch-demo/cgroup'
const scope = `${cgroupMount}/system.slice/slurmstepd.scope`

/**
 * The control groups of the jobs on one host, as the kernel would show them: what the agent reads of a real host.
 * @param jobs those that run on the host now
 */
export function jobCgroupFiles(jobs: () => readonly SimulatedJob[], now: () => number): FileTree {
  const find = (path: string) => {
    const [, id = '', rest = ''] = /^\/job_(\d+)(.*)$/.exec(path.slice(scope.length)) ?? []
    const job = path.startsWith(`${scope}/`) ? jobs().find((each) => String(each.id) === id) : undefined
    return job && { job, rest }
  }
  return {
    read(path) {
      if (path === `${simulatedProc}/self/mountinfo`) return `30 29 0:26 / ${cgroupMount} rw - cgroup2 cgroup2 rw\n`
      const found = find(path)
      return found && cgroupFile(found.rest, found.job, now())
    },
    folders(path) {
      if (path === cgroupMount) return ['system.slice']
      if (path === `${cgroupMount}/system.slice`) return ['slurmstepd.scope']
      if (path === scope) return jobs().map((job) => `job_${job.id}`)
      const rest = find(path)?.rest
      return rest === '' ? ['step_batch'] : rest === '/step_batch' ? ['user'] : []
    },
  }
}

/** A file of a job's group, of its step and of the step's processes alike. */
function cgroupFile(rest: string, job: SimulatedJob, now: number): string | undefined {
  const [, part = '', name = ''] = /^((?:\/step_batch(?:\/user)?)?)\/([\w.]+)$/.exec(rest) ?? []
  const limit = job.gpusPerNode * memoryMbPerGpu * 1_048_576
  const cpus = job.gpusPerNode * cpusPerGpu
  const used = hostLoad(job, now - (job.startedAt ?? now), { cpus, memoryBytes: limit })
  const micros = Math.round(used.cpuSeconds * 1e6)
  switch (name) {
    case 'cgroup.procs':
      return part === '/step_batch/user' ? '4711\n4712\n4713\n' : ''
    case 'cgroup.events':
      return 'populated 1\nfrozen 0\n'
    case 'cpu.stat':
      return `usage_usec ${micros}\nuser_usec ${Math.round(micros * 0.93)}\nsystem_usec ${Math.round(micros * 0.07)}\n`
    case 'cpuset.cpus.effective':
      return `0-${cpus - 1}\n`
    case 'memory.stat':
      return `anon ${used.memoryBytes}\nfile ${Math.round(used.memoryBytes / 3)}\nshmem 0\n`
    case 'memory.current':
    case 'memory.peak':
      return `${Math.min(limit, Math.round(used.memoryBytes * 1.33))}\n`
    case 'memory.max':
      return `${limit}\n`
    case 'memory.events':
      return `low 0\nhigh 0\nmax 0\noom ${used.oomKills}\noom_kill ${used.oomKills}\n`
    case 'io.stat':
      return `259:0 rbytes=${used.readBytes} wbytes=${used.writeBytes} rios=0 wios=0 dbytes=0 dios=0\n`
    default:
      return undefined
  }
}

/** How jobs end, as wait(2) tells it: what SLURM_JOB_EXIT_CODE holds. */
const waitStatus: Record<Outcome, number> = { COMPLETED: 0, FAILED: 256, TIMEOUT: 15, OUT_OF_MEMORY: 9, CANCELLED: 15 }

/**
 * Leaves a note as the prolog or epilog of a job on a node does.
 * @param at ms since the epoch
 */
export async function leaveHookNote(
  folder: string,
  { what, job, node, at }: { what: 'start' | 'end'; job: SimulatedJob; node: string; at: number },
): Promise<void> {
  const event = what === 'start' ? 'prolog' : 'epilog'
  const environment = {
    SLURM_CLUSTER_NAME: 'demo',
    SLURM_JOB_ID: job.id,
    SLURM_JOB_NAME: job.name,
    SLURM_JOB_USER: job.user,
    SLURM_JOB_UID: 1001,
    SLURM_JOB_ACCOUNT: job.account,
    SLURM_JOB_PARTITION: job.partition,
    SLURM_JOB_QOS: job.qos,
    SLURM_JOB_NODELIST: compressHosts(job.nodes),
    SLURM_JOB_CPUS_PER_NODE: `${job.gpusPerNode * cpusPerGpu}(x${job.nodeCount})`,
    SLURM_JOB_GPUS: (job.devices[node] ?? []).join(','),
    SLURM_JOB_RESTART_COUNT: job.restarts,
    SLURMD_NODENAME: node,
    ...(job.array && { SLURM_ARRAY_JOB_ID: job.array.jobId, SLURM_ARRAY_TASK_ID: job.array.first }),
    ...(what === 'end' && { SLURM_JOB_EXIT_CODE: waitStatus[job.outcome] }),
  }
  const lines = [
    'NAVARCH_HOOK=1',
    `NAVARCH_EVENT=${event}`,
    `NAVARCH_AT=${(at / 1000).toFixed(3)}`,
    ...Object.entries(environment).map(([name, value]) => `${name}=${value}`),
    'END',
  ]
  const name = `${job.id}.${event}.${node}`
  // A file that is begun has another name: whoever looks sees whole ones alone.
  await writeFile(join(folder, `.${name}`), lines.map((line) => `${line}\0`).join(''))
  await rename(join(folder, `.${name}`), join(folder, name))
}
