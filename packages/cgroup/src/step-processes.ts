import type { HostReading } from '@navarch/core/job/reading'
import { countCpus } from './files.ts'
import { type LimitedFiles, limitFiles } from './limited-files.ts'
import {
  type ProcessStat,
  parseProcessIo,
  parseProcessMemory,
  parseProcessStat,
  parseStepTitle,
  type StepTitle,
} from './proc-files.ts'
import { type FileTree, machineFiles } from './read-file.ts'
import { isOfSlurmsUser } from './slurmd-groups.ts'

/** A slurmstepd that runs now. */
export interface StepDaemon extends StepTitle {
  pid: number
  /** Seconds since the machine's start. */
  startedAfterBoot: number
}

/** Follows the slurmstepds of a machine. A look costs one listing of /proc, and a small file for each new process. */
export interface StepDaemons {
  look(): StepDaemon[]
}

/** Looks after which it is known at the latest that a process id is a slurmstepd's now. */
const askAgain = 16

/** @param proc where /proc is */
export function createStepDaemons(proc = '/proc', tree: FileTree = machineFiles): StepDaemons {
  let known = new Map<string, StepDaemon | 'other'>()
  let looks = 0
  return {
    look: () => {
      const now = new Map<string, StepDaemon | 'other'>()
      looks++
      for (const pid of tree.folders(proc)) {
        if (!/^\d+$/.test(pid)) continue
        const before = known.get(pid)
        // The kernel gives a process id again: one in so many of those that were none is asked anew at each look.
        const keeps =
          before === 'other' ? Number(pid) % askAgain !== looks % askAgain : before && isStill(before, proc, tree)
        const after = keeps ? before : identify(pid, proc, tree)
        if (after !== undefined) now.set(pid, after)
      }
      known = now
      return [...now.values()].filter((process) => process !== 'other')
    },
  }
}

function isStill(daemon: StepDaemon, proc: string, tree: FileTree): boolean {
  return statOf(daemon.pid, proc, tree)?.startedAfterBoot === daemon.startedAfterBoot
}

/** @returns undefined where the next look must see: a slurmd may turn into a slurmstepd, and that one gets its title later */
function identify(pid: string, proc: string, tree: FileTree): StepDaemon | 'other' | undefined {
  const name = tree.read(`${proc}/${pid}/comm`)?.trim()
  if (name === undefined || name === 'slurmd') return undefined
  if (name !== 'slurmstepd') return 'other'
  // Asked before the command line: that is read from the memory of the process, which can make its reader wait for ever.
  const trusted = isOfSlurmsUser(Number(pid), proc, tree)
  if (!trusted) return trusted === undefined ? undefined : 'other'
  const title = parseStepTitle(tree.read(`${proc}/${pid}/cmdline`) ?? '')
  const stat = title && statOf(Number(pid), proc, tree)
  return stat && { ...title, pid: stat.pid, startedAfterBoot: stat.startedAfterBoot }
}

function statOf(pid: number, proc: string, tree: FileTree): ProcessStat | undefined {
  const file = `${proc}/${pid}/stat`
  const text = tree.read(file)
  return text === undefined ? undefined : parseProcessStat(text, file)
}

/** Reads what the processes of a job use. */
export interface JobProcessReader {
  /**
   * @param daemons the job's slurmstepds that run now
   * @returns undefined when there are none
   * @throws CgroupFileError, also when there is more to read than `mostFiles`; nothing is changed then
   */
  read(daemons: readonly StepDaemon[]): HostReading | undefined
}

/**
 * Reads a job by its slurmstepds' process trees, for where Slurm makes no group per job (proctrack/linuxproc). It is less
 * exact than a group: what a process used between the last reading and its end is known only when its parent waited for it.
 *
 * A process that ended hands its time to the parent that waits for it; slurmstepd waits for orphans of its step. So the time
 * of a tree is that of its processes and of the children they have waited for. slurmstepd's own time is Slurm's.
 * Memory shared between processes is counted once, at the size of the largest share.
 */
export function createJobProcessReader(proc = '/proc', tree: FileTree = machineFiles): JobProcessReader {
  let steps = new Map<string, Rising>()
  /** Of steps that are over: they keep what they had. */
  let ended: Counters = {}
  return {
    read: (daemons) => {
      const limited = limitFiles(tree, mostFiles)
      const found = daemons.flatMap((daemon) => {
        const one = readSteadyTree(daemon, proc, limited)
        return one ? [{ key: `${daemon.pid} ${daemon.startedAfterBoot}`, ...one }] : []
      })
      if (found.length === 0) return undefined
      const held: Held = { anonymous: 0, shared: 0, processes: 0 }
      const now = new Map<string, Rising>()
      for (const one of found) {
        addHeld(held, one)
        now.set(one.key, rise(steps.get(one.key), one.counters))
      }
      for (const [key, { value }] of steps) if (!now.has(key)) ended = addCounters(ended, value)
      steps = now
      return {
        ...[...steps.values()].reduce<Counters>((sum, { value }) => addCounters(sum, value), ended),
        ...(held.cpus !== undefined && { cpus: held.cpus }),
        // Where no process was met, none was there to hold memory, or none was met in time.
        ...(held.processes > 0 && { memoryBytes: held.anonymous + held.shared }),
        processes: held.processes,
      }
    },
  }
}

/** Most files that one reading opens: a quarter of a second, in which the agent does nothing else. */
const mostFiles = 10_000

const counterNames = ['cpuSeconds', 'cpuUserSeconds', 'cpuSystemSeconds', 'readBytes', 'writeBytes'] as const
type Counters = { [K in (typeof counterNames)[number]]?: number }

/** What processes hold at a moment. */
interface Held {
  anonymous: number
  shared: number
  processes: number
  cpus?: number
}

function addHeld(to: Held, { anonymous, shared, processes, cpus }: Held): void {
  to.anonymous += anonymous
  to.shared = Math.max(to.shared, shared)
  to.processes += processes
  if (cpus !== undefined) to.cpus = Math.max(to.cpus ?? 0, cpus)
}

/** A sum over processes, and what it has become since processes took a part of it with them. */
interface Rising {
  raw: Counters
  value: Counters
}

/** A sum that falls means that a process ended with nobody waiting: what was seen of it stays. */
function rise(before: Rising | undefined, raw: Counters): Rising {
  if (!before) return { raw, value: raw }
  const value: Counters = { ...before.value }
  for (const name of counterNames) {
    const now = raw[name]
    if (now !== undefined) value[name] = (before.value[name] ?? 0) + Math.max(0, now - (before.raw[name] ?? 0))
  }
  return { raw, value }
}

function addCounters(a: Counters, b: Counters): Counters {
  const sum: Counters = { ...a }
  for (const name of counterNames) if (b[name] !== undefined) sum[name] = (a[name] ?? 0) + b[name]
  return sum
}

/** How often a tree is read when processes end meanwhile, unless it is a large one. */
const mostTries = 4

interface Tree extends Held {
  counters: Counters
  /** No process ended while it was read: none is missed between its own time and its parent's. */
  steady: boolean
}

/** The processes below a slurmstepd, read anew when one ended meanwhile; undefined when slurmstepd has gone. */
function readSteadyTree(daemon: StepDaemon, proc: string, tree: LimitedFiles): Tree | undefined {
  let found: Tree | undefined
  for (let tries = 0; tries < mostTries && !found?.steady; tries++) {
    found = readTree(daemon, proc, tree)
    if (!found) return undefined
    if (tree.halfSpent()) break
  }
  return found
}

function readTree(daemon: StepDaemon, proc: string, tree: FileTree): Tree | undefined {
  const top = statOf(daemon.pid, proc, tree)
  if (top?.startedAfterBoot !== daemon.startedAfterBoot) return undefined
  const held: Held = { anonymous: 0, shared: 0, processes: 0 }
  let counters: Counters = cpuOf({ user: top.childrenUser, system: top.childrenSystem })
  let steady = true
  const parents = [top]
  const waiting = childrenOf(daemon.pid, proc, tree)
  const seen = new Set<number>()
  for (let pid = waiting.pop(); pid !== undefined; pid = waiting.pop()) {
    if (seen.has(pid)) continue
    seen.add(pid)
    const stat = statOf(pid, proc, tree)
    if (!stat) {
      steady = false
      continue
    }
    addHeld(held, heldBy(pid, proc, tree))
    const { user, system, childrenUser, childrenSystem } = stat
    const cpu = cpuOf({ user: user + childrenUser, system: system + childrenSystem })
    counters = addCounters(counters, { ...cpu, ...parseProcessIo(tree.read(`${proc}/${pid}/io`) ?? '') })
    const children = childrenOf(pid, proc, tree)
    if (children.length > 0) parents.push(stat)
    waiting.push(...children)
  }
  steady &&= parents.every((before) => hasWaitedForNone(before, statOf(before.pid, proc, tree)))
  return { ...held, counters, steady }
}

function heldBy(pid: number, proc: string, tree: FileTree): Held {
  const file = `${proc}/${pid}/status`
  const status = tree.read(file) ?? ''
  const { anonymous = 0, shared = 0 } = parseProcessMemory(status)
  const allowed = /^Cpus_allowed_list:\s+(\S+)$/m.exec(status)?.[1]
  const cpus = allowed === undefined ? undefined : countCpus(`${allowed}\n`, file)
  return { anonymous, shared, processes: 1, ...(cpus !== undefined && { cpus }) }
}

function hasWaitedForNone(before: ProcessStat, now: ProcessStat | undefined): boolean {
  return now?.childrenUser === before.childrenUser && now.childrenSystem === before.childrenSystem
}

function cpuOf({ user, system }: { user: number; system: number }): Counters {
  return { cpuSeconds: user + system, cpuUserSeconds: user, cpuSystemSeconds: system }
}

/** Children of all threads of a process. Needs CONFIG_PROC_CHILDREN, which distributions' kernels have. */
function childrenOf(pid: number, proc: string, tree: FileTree): number[] {
  return tree.folders(`${proc}/${pid}/task`).flatMap((thread) => {
    const text = tree.read(`${proc}/${pid}/task/${thread}/children`) ?? ''
    return text.split(' ').filter(Boolean).map(Number)
  })
}
