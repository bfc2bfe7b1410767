import { parseKeyed } from './files.ts'
import { type FileTree, machineFiles } from './read-file.ts'

/** CPU time, microseconds. */
export interface CpuTime {
  total: number
  user: number
  system: number
}

/** Follows the CPU time of a v2 job. */
export interface StepCpu {
  /**
   * What the job's own processes have taken so far; undefined when the job's group is not there.
   * @throws CgroupFileError
   */
  read(): CpuTime | undefined
}

/** More than a slurmstepd takes for its own end, microseconds. */
const slurmsOwnAtMost = 500_000

/**
 * CPU time of a job's processes without that of its slurmstepds, as Slurm's accounting counts it; for a job of a second the
 * difference is a good part.
 *
 * Each step has two groups: `user` with the job's processes, `slurm` with slurmstepd. The job's group counts both, also of
 * steps that are over; what it has beyond the steps that were seen is slurmstepd's, which ends last. But where a step went
 * before its processes were seen to have ended, or a lot of time turns up, the difference is counted as the job's.
 * @param path the job's folder
 */
export function createStepCpu(path: string, tree: FileTree = machineFiles): StepCpu {
  let steps = new Map<string, Step>()
  /** Of steps that are over, and of the job's time that no step explains. */
  let ended = none
  let endedSlurm = none
  let unseen = none
  /** The part that was taken for slurmstepd's at the last reading; undefined before the first. */
  let others: CpuTime | undefined

  return {
    read: () => {
      const now = readSteps(path, tree)
      const all = cpuTime(path, tree)
      if (!all) return undefined
      // Before the first reading anything may have happened.
      let missed = others === undefined
      for (const [name, step] of steps) {
        if (now.has(name)) continue
        ended = sum([ended, step.user])
        endedSlurm = sum([endedSlurm, step.slurm])
        missed ||= !step.isOver
      }
      steps = now
      const users = sum([ended, ...[...now.values()].map((step) => step.user)])
      const slurms = sum([endedSlurm, ...[...now.values()].map((step) => step.slurm)])
      const rest = difference(all, sum([users, slurms, unseen]))
      const more = difference(rest, others ?? none)
      if (missed || more.total > slurmsOwnAtMost) unseen = sum([unseen, more])
      else others = rest
      others ??= none
      return sum([users, unseen])
    },
  }
}

interface Step {
  user: CpuTime
  slurm: CpuTime
  /** Its processes have all ended: `user` is what the step took in the end. */
  isOver: boolean
}

const none: CpuTime = { total: 0, user: 0, system: 0 }

function readSteps(path: string, tree: FileTree): Map<string, Step> {
  const steps = new Map<string, Step>()
  for (const name of tree.folders(path)) {
    if (!name.startsWith('step_')) continue
    const folder = `${path}/${name}`
    // Whether it is over is asked first: what is read afterwards is whole then.
    const isEmpty = /^populated 0$/m.test(tree.read(`${folder}/user/cgroup.events`) ?? '')
    const user = cpuTime(`${folder}/user`, tree) ?? none
    const slurm = cpuTime(`${folder}/slurm`, tree) ?? none
    steps.set(name, { user, slurm, isOver: isEmpty && user.total > 0 })
  }
  return steps
}

function cpuTime(folder: string, tree: FileTree): CpuTime | undefined {
  const file = `${folder}/cpu.stat`
  const text = tree.read(file)
  if (text === undefined) return undefined
  const stat = parseKeyed(text, file)
  const total = stat.get('usage_usec')
  return total === undefined
    ? undefined
    : { total, user: stat.get('user_usec') ?? 0, system: stat.get('system_usec') ?? 0 }
}

function sum(times: readonly CpuTime[]): CpuTime {
  return times.reduce(
    (a, b) => ({ total: a.total + b.total, user: a.user + b.user, system: a.system + b.system }),
    none,
  )
}

/** Never below nothing: the files are read one after the other. */
function difference(a: CpuTime, b: CpuTime): CpuTime {
  const positive = (value: number) => Math.max(0, value)
  return { total: positive(a.total - b.total), user: positive(a.user - b.user), system: positive(a.system - b.system) }
}
