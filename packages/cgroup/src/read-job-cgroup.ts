import type { HostReading } from '@navarch/core/job/reading'
import { countCpus, parseBlkio, parseIoStat, parseKeyed, parseNumber, parsePressure, parseProcs } from './files.ts'
import type { JobCgroup } from './layout.ts'
import { type FileTree, machineFiles } from './read-file.ts'
import { createStepCpu } from './step-cpu.ts'

/** Reads a job's group again and again. */
export interface JobCgroupReader {
  /**
   * What the job has used and holds; undefined when its group is not there any more.
   * @throws CgroupFileError when a file is not what the kernel writes; nothing is changed then
   */
  read(): HostReading | undefined
}

/** Reads a job's group in either version. Counters are of the whole job: the kernel keeps those of steps that are over. */
export function createJobCgroupReader(job: JobCgroup, tree: FileTree = machineFiles): JobCgroupReader {
  return job.version === 'v2' ? createV2Reader(job.path, tree) : createV1Reader(job, tree)
}

/** A reading under construction: absent parts are left out. */
type Draft = { [K in keyof HostReading]?: HostReading[K] | undefined }

function createV2Reader(path: string, tree: FileTree): JobCgroupReader {
  const cpu = createStepCpu(path, tree)
  return {
    read: () => {
      const parse = parserOf(path, tree)
      const time = cpu.read()
      if (!time) return undefined
      const memory = parse('memory.stat', parseKeyed)
      const io = parse('io.stat', parseIoStat)
      const anonymous = memory?.get('anon')
      return compact({
        cpuSeconds: time.total / 1e6,
        cpuUserSeconds: time.user / 1e6,
        cpuSystemSeconds: time.system / 1e6,
        cpus: parse('cpuset.cpus.effective', countCpus),
        memoryBytes: anonymous === undefined ? undefined : anonymous + (memory?.get('shmem') ?? 0),
        memoryTotalBytes: parse('memory.current', parseNumber),
        memoryPeakBytes: parse('memory.peak', parseNumber),
        memoryLimitBytes: parse('memory.max', parseNumber),
        oomKills: parse('memory.events', parseKeyed)?.get('oom_kill'),
        readBytes: io?.readBytes,
        writeBytes: io?.writeBytes,
        cpuStallSeconds: parse('cpu.pressure', parsePressure)?.someSeconds,
        memoryStallSeconds: parse('memory.pressure', parsePressure)?.someSeconds,
        ioStallSeconds: parse('io.pressure', parsePressure)?.someSeconds,
        processes: countProcesses(path, tree),
      })
    },
  }
}

function createV1Reader({ controllers }: JobCgroup, tree: FileTree): JobCgroupReader {
  const at = (controller: string) => parserOf(controllers[controller] ?? '/nowhere', tree)
  return {
    read: () => {
      const nanoseconds = at('cpuacct')('cpuacct.usage', parseNumber)
      const memoryTotalBytes = at('memory')('memory.usage_in_bytes', parseNumber)
      if (nanoseconds === undefined && memoryTotalBytes === undefined) return undefined
      const ticks = at('cpuacct')('cpuacct.stat', parseKeyed)
      const memory = at('memory')('memory.stat', parseKeyed)
      const resident = memory?.get('total_rss')
      const limit = at('memory')('memory.limit_in_bytes', parseNumber)
      const io = at('blkio')('blkio.throttle.io_service_bytes_recursive', parseBlkio)
      const processes = controllers['cpuacct'] ?? controllers['memory']
      return compact({
        cpuSeconds: scaled(nanoseconds, 1e-9),
        cpuUserSeconds: scaled(ticks?.get('user'), 1 / ticksPerSecond),
        cpuSystemSeconds: scaled(ticks?.get('system'), 1 / ticksPerSecond),
        cpus: at('cpuset')('cpuset.effective_cpus', countCpus) ?? at('cpuset')('cpuset.cpus', countCpus),
        memoryBytes: resident === undefined ? undefined : resident + (memory?.get('total_shmem') ?? 0),
        memoryTotalBytes,
        memoryPeakBytes: at('memory')('memory.max_usage_in_bytes', parseNumber),
        memoryLimitBytes: limit !== undefined && limit < unlimitedV1 ? limit : undefined,
        oomKills: at('memory')('memory.oom_control', parseKeyed)?.get('oom_kill'),
        readBytes: io?.readBytes,
        writeBytes: io?.writeBytes,
        processes: processes === undefined ? undefined : countProcesses(processes, tree),
      })
    },
  }
}

/** USER_HZ, the unit of cpuacct.stat and of /proc/<pid>/stat: 100 on every Linux that Slurm runs on. */
export const ticksPerSecond = 100

/** "No limit" in v1: LONG_MAX, down to whole pages of up to 64 KiB. */
const unlimitedV1 = 2 ** 62

/** Processes of all groups below, but slurmstepd's own. Threads are not counted, as pids.current would. */
function countProcesses(path: string, tree: FileTree): number | undefined {
  const own = parserOf(path, tree)('cgroup.procs', parseProcs)?.length
  if (own === undefined) return undefined
  return tree
    .folders(path)
    .filter((name) => name !== 'slurm')
    .reduce((count, name) => count + (countProcesses(`${path}/${name}`, tree) ?? 0), own)
}

/** Reads a file of a folder; undefined when it is not there. */
function parserOf(folder: string, tree: FileTree) {
  return <T>(name: string, parse: (text: string, file: string) => T): T | undefined => {
    const file = `${folder}/${name}`
    const text = tree.read(file)
    return text === undefined ? undefined : parse(text, file)
  }
}

function scaled(value: number | undefined, scale: number): number | undefined {
  return value === undefined ? undefined : value * scale
}

function compact(draft: Draft): HostReading {
  return Object.fromEntries(Object.entries(draft).filter(([, value]) => value !== undefined))
}
