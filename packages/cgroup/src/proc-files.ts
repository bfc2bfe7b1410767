import { CgroupFileError } from './files.ts'
import { ticksPerSecond } from './read-job-cgroup.ts'

/** What /proc/<pid>/stat says of a process. Times are in seconds. */
export interface ProcessStat {
  pid: number
  parent: number
  /** CPU time of its own, and of children that it has waited for. */
  user: number
  system: number
  childrenUser: number
  childrenSystem: number
  /** Since the machine's start. */
  startedAfterBoot: number
}

/**
 * Parses /proc/<pid>/stat. The name is whatever the program likes, with parentheses and line breaks: the last parenthesis
 * ends it. Source: proc_pid_stat(5).
 * @throws CgroupFileError
 */
export function parseProcessStat(text: string, file: string): ProcessStat {
  const match = /^(\d+) \(.*\) \w (-?\d+(?: -?\d+)+)\n?$/s.exec(text)
  const numbers = match?.[2]?.split(' ').map(Number) ?? []
  if (!match || numbers.length < 19)
    throw new CgroupFileError(`${file}:1: ${JSON.stringify(text.slice(0, 80))} is not a line of proc_pid_stat(5)`)
  // `numbers` begins with the fourth field.
  const field = (number: number) => numbers[number - 4] ?? 0
  const seconds = (number: number) => field(number) / ticksPerSecond
  return {
    pid: Number(match[1]),
    parent: field(4),
    user: seconds(14),
    system: seconds(15),
    childrenUser: seconds(16),
    childrenSystem: seconds(17),
    startedAfterBoot: seconds(22),
  }
}

/** Memory that a process has in RAM, bytes. Absent: a kernel thread, or a process that is over. */
export interface ProcessMemory {
  anonymous?: number
  shared?: number
}

/** Reads /proc/<pid>/status: RssAnon and RssShmem, whose unit does not depend on the page size. Source: proc_pid_status(5). */
export function parseProcessMemory(text: string): ProcessMemory {
  const kib = (name: string) => new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(text)?.[1]
  const [anonymous, shared] = [kib('RssAnon'), kib('RssShmem')]
  return {
    ...(anonymous !== undefined && { anonymous: Number(anonymous) * 1024 }),
    ...(shared !== undefined && { shared: Number(shared) * 1024 }),
  }
}

/** Reads /proc/<pid>/io: bytes from and to block devices. Source: proc_pid_io(5). */
export function parseProcessIo(text: string): { readBytes?: number; writeBytes?: number } {
  const value = (name: string) => new RegExp(`^${name}: (\\d+)$`, 'm').exec(text)?.[1]
  const [read, written] = [value('read_bytes'), value('write_bytes')]
  return {
    ...(read !== undefined && { readBytes: Number(read) }),
    ...(written !== undefined && { writeBytes: Number(written) }),
  }
}

/** A step of a job, as slurmstepd's title names it. */
export interface StepTitle {
  jobId: string
  /** e.g. "batch", "extern", "0", "3+1" of a heterogeneous job. */
  step: string
}

/**
 * Reads the command line of a slurmstepd: `slurmstepd: [812.batch]`, the same from 21.08 to 26.05.
 * @param cmdline content of /proc/<pid>/cmdline
 */
export function parseStepTitle(cmdline: string): StepTitle | undefined {
  const match = /^slurmstepd: \[(\d{1,10})(?:\+\d+)?\.(\w+(?:\+\d+)?)\]/.exec(cmdline)
  return match ? { jobId: match[1] ?? '', step: match[2] ?? '' } : undefined
}
