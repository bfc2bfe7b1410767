import { userIdOfProcess } from './group-job-id.ts'
import { type FileTree, machineFiles } from './read-file.ts'

/**
 * Whether a process is of root, or of whoever runs Slurm for himself alone: everybody may call a process slurmd or slurmstepd.
 * @returns undefined when it has gone
 */
export function isOfSlurmsUser(pid: number, proc = '/proc', tree: FileTree = machineFiles): boolean | undefined {
  const uid = userIdOfProcess(pid, proc, tree)
  return uid === undefined ? undefined : uid === 0 || uid === process.getuid?.()
}

/**
 * What /proc/<pid>/cgroup says of each slurmd that runs here. Users may have groups of their own below theirs: a slurmd that is
 * not Slurm's would lead to jobs that are not Slurm's.
 */
export function slurmdCgroups(proc = '/proc', tree: FileTree = machineFiles): string[] {
  return tree
    .folders(proc)
    .filter((pid) => /^\d+$/.test(pid) && tree.read(`${proc}/${pid}/comm`)?.trim() === 'slurmd')
    .filter((pid) => isOfSlurmsUser(Number(pid), proc, tree) === true)
    .map((pid) => tree.read(`${proc}/${pid}/cgroup`) ?? '')
}
