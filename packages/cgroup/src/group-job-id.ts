import { parseProcs } from './files.ts'
import { parseStepTitle } from './proc-files.ts'
import { type FileTree, machineFiles } from './read-file.ts'

/**
 * The job id of a v2 group that is called by its SLUID, from the titles of the slurmstepds in it.
 * @param path the job's folder
 * @returns undefined when none of its slurmstepds has a title yet
 * @throws CgroupFileError
 */
export function jobIdOfGroup(path: string, proc = '/proc', tree: FileTree = machineFiles): string | undefined {
  for (const step of tree.folders(path)) {
    const file = `${path}/${step}/slurm/cgroup.procs`
    for (const pid of parseProcs(tree.read(file) ?? '', file)) {
      const title = parseStepTitle(tree.read(`${proc}/${pid}/cmdline`) ?? '')
      if (title) return title.jobId
    }
  }
  return undefined
}

/** User id of a process in a job's group that is not Slurm's own: whose job it is. */
export function userIdOfGroup(path: string, proc = '/proc', tree: FileTree = machineFiles): number | undefined {
  for (const name of tree.folders(path)) {
    if (name === 'slurm') continue
    const folder = `${path}/${name}`
    const file = `${folder}/cgroup.procs`
    for (const pid of parseProcs(tree.read(file) ?? '', file)) {
      const uid = userIdOfProcess(pid, proc, tree)
      if (uid !== undefined) return uid
    }
    const below = userIdOfGroup(folder, proc, tree)
    if (below !== undefined) return below
  }
  return undefined
}

/** User id that a process runs as; undefined when it has gone. */
export function userIdOfProcess(pid: number, proc = '/proc', tree: FileTree = machineFiles): number | undefined {
  const uid = /^Uid:\s+(\d+)/m.exec(tree.read(`${proc}/${pid}/status`) ?? '')?.[1]
  return uid === undefined ? undefined : Number(uid)
}
