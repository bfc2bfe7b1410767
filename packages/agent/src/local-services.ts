import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { isName } from '@navarch/core/names'
import type { Clock } from '@navarch/system/clock'
import type { Log } from '@navarch/system/log'
import type { RunCommand } from '@navarch/system/run-command'
import { serveAgentSocket } from './agent-socket.ts'
import { createAppendAsUser } from './jobs/append-as-user.ts'
import { createJobAgent, type JobAgent } from './jobs/job-agent.ts'
import { openJobEventSpool } from './jobs/job-event-spool.ts'
import { createRunningJobsFile } from './jobs/running-jobs-file.ts'
import { openSampleQueue } from './jobs/sample-queue.ts'
import type { Machine } from './machine.ts'
import { createGpuExporter, type GpuExporter } from './metrics/gpu-exporter.ts'
import { createJobMappingFiles } from './metrics/job-mapping-files.ts'
import { openXidHistory } from './metrics/xid-history.ts'
import { createNodeFiles, type NodeFiles } from './node-files.ts'
import type { AgentFolders, AgentSettings } from './settings.ts'
import { openSpool, type Spool } from './spool.ts'

/** What an agent keeps on its own machine, and does there for jobs and tools. */
export interface LocalServices {
  spool: Spool
  jobs: JobAgent
  nodeFiles?: NodeFiles
  exporter: GpuExporter
  /** Answers on the socket until the signal is aborted. Never rejects. */
  serve(signal: AbortSignal): Promise<void>
}

const idDeadlineMs = 5000

/** Opens what is kept on this machine's disk, with this machine's files and processes. */
export async function openLocalServices(
  settings: AgentSettings & AgentFolders,
  machine: Machine,
  { clock, log, run }: { clock: Clock; log: Log; run: RunCommand },
  { version, readsKernelLog }: { version: string; readsKernelLog: boolean },
): Promise<LocalServices> {
  const { nodeId, stateDir, runDir } = settings
  const folder = join(stateDir, 'jobs')
  const slurmGroup = process.getuid?.() === 0 ? await groupId('slurm') : undefined
  const samples = await openSampleQueue({ folder: join(folder, 'readings'), log })
  const freeDisk = samples.giveUpOldest
  const spool = await openSpool({ path: join(stateDir, 'reports.spool'), log, freeDisk })
  const jobs = await createJobAgent({
    nodeId,
    clock,
    log,
    events: await openJobEventSpool({ path: join(folder, 'events.spool'), log, freeDisk }),
    samples,
    runningJobs: createRunningJobsFile(join(folder, 'running.json'), machine.bootId),
    hookFolder: settings.hooksDir,
    userName: (uid) => userName(run, uid),
    onJobs: () => exporter.onJobs(),
    append: createAppendAsUser(run, process.getuid?.() ?? -1),
    ...(slurmGroup !== undefined && { slurmGroup }),
  })
  const { gpuJobsDir } = settings
  const exporter: GpuExporter = createGpuExporter({
    ...{ node: nodeId, version, clock, sampleIntervalMs: settings.sampleIntervalMs, jobs: jobs.jobs },
    xids: readsKernelLog ? await openXidHistory(join(stateDir, 'xids.json'), machine.bootId, log) : undefined,
    mapping: gpuJobsDir === undefined ? undefined : createJobMappingFiles(gpuJobsDir, log),
  })
  if (runDir === undefined) return { spool, jobs, exporter, serve: async () => {} }
  const names = [nodeId, machine.hostname, machine.hostname.split('.')[0] ?? ''].filter(isName)
  const nodeFiles = createNodeFiles({ folder: runDir, names, clock, log })
  const socket = {
    path: join(runDir, 'agent.sock'),
    clock,
    log,
    ...(slurmGroup !== undefined && { group: slurmGroup }),
  }
  return {
    spool,
    jobs,
    nodeFiles,
    exporter,
    serve: (signal) =>
      serveAgentSocket(socket, { nodeJson: nodeFiles.nodeJson, addEvent: jobs.addEvent }, signal).catch(
        (error: unknown) => log.warn('no socket for tools and hooks', { path: socket.path, error: String(error) }),
      ),
  }
}

/** By the name service, which knows users that no file does; one that does not answer delays nothing else. */
async function userName(run: RunCommand, uid: number): Promise<string | undefined> {
  try {
    const { code, stdout } = await run('id', ['-nu', String(uid)], { deadlineMs: idDeadlineMs })
    return code === 0 ? stdout.trim() || undefined : undefined
  } catch {
    return undefined
  }
}

async function groupId(name: string): Promise<number | undefined> {
  const groups = await readFile('/etc/group', 'utf8').catch(() => '')
  const id = groups
    .split('\n')
    .map((line) => line.split(':'))
    .find(([group]) => group === name)?.[2]
  return id === undefined ? undefined : Number(id)
}
