import { type FileTree, machineFiles } from './read-file.ts'

/** Where slurmd keeps the groups of its jobs. */
export interface JobGroupRoot {
  version: 'v1' | 'v2'
  /** v2: the scope of the slurmstepds. v1: Slurm's folder in the first controller that has one. */
  path: string
  /** v1: Slurm's folder by controller, e.g. "memory" -> "/sys/fs/cgroup/memory/slurm". Empty in v2. */
  controllers: Readonly<Record<string, string>>
}

/** A job's own group. */
export interface JobCgroup {
  version: 'v1' | 'v2'
  /** The folder in v2; in v1 the one of the controller that was found first. */
  path: string
  controllers: Readonly<Record<string, string>>
  /** As the folder is called: a job id, or from 26.05 a SLUID. One of them is there. */
  jobId?: string
  sluid?: string
  /** v1 says whose job it is. */
  uid?: number
}

/** One line of /proc/self/mountinfo that mounts control groups. */
export interface CgroupMount {
  version: 'v1' | 'v2'
  path: string
  /** v1: e.g. ["cpu", "cpuacct"]. */
  controllers: readonly string[]
}

/** Controllers of v1 with a figure of ours. */
const usedControllers = ['cpuacct', 'memory', 'cpuset', 'blkio']

/**
 * The mounts of control groups. Lines of other file systems, and such as cannot be read, say nothing.
 * Source: proc_pid_mountinfo(5); white space in paths is octal.
 */
export function parseCgroupMounts(mountinfo: string): CgroupMount[] {
  return mountinfo.split('\n').flatMap((line): CgroupMount[] => {
    const [before = '', after = ''] = line.split(' - ')
    const path = before.split(' ')[4]?.replace(/\\([0-7]{3})/g, (_, code) => String.fromCharCode(parseInt(code, 8)))
    const [type, , options = ''] = after.split(' ')
    if (path === undefined || (type !== 'cgroup' && type !== 'cgroup2')) return []
    if (type === 'cgroup2') return [{ version: 'v2', path, controllers: [] }]
    const controllers = options.split(',').filter((word) => usedControllers.includes(word))
    return controllers.length > 0 ? [{ version: 'v1', path, controllers }] : []
  })
}

/**
 * The paths of a process in each hierarchy, from /proc/<pid>/cgroup: "0::/system.slice/slurmd.service" is v2's,
 * "4:memory:/x" a controller's. Source: cgroups(7).
 */
export function parseProcessCgroups(text: string): { controllers: readonly string[]; path: string }[] {
  return text.split('\n').flatMap((line) => {
    const match = /^\d+:([^:]*):(\/.*)$/.exec(line)
    return match ? [{ controllers: (match[1] ?? '').split(',').filter(Boolean), path: match[2] ?? '/' }] : []
  })
}

/** Folders deep below a mount, or below one above slurmd's own group, in which Slurm's is looked for. */
const searchDepth = 3
/** Most folders that one search looks into: a host of containers has thousands. */
const searchLimit = 5000

/**
 * Finds where slurmd keeps its jobs' groups: `*slurmstepd.scope` in any slice (v2; several with multiple slurmd),
 * `slurm` and `slurm_<node>` (v1).
 * @param mountinfo content of /proc/self/mountinfo
 * @param slurmdCgroups contents of /proc/<pid>/cgroup of slurmd: in a container its groups lie below the container's
 */
export function findJobGroupRoots(
  mountinfo: string,
  slurmdCgroups: readonly string[] = [],
  tree: FileTree = machineFiles,
): JobGroupRoot[] {
  const roots = new Map<string, JobGroupRoot>()
  for (const mount of parseCgroupMounts(mountinfo)) {
    const paths = slurmdCgroups
      .flatMap(parseProcessCgroups)
      .filter(({ controllers }) =>
        mount.version === 'v2'
          ? controllers.length === 0
          : controllers.some((name) => mount.controllers.includes(name)),
      )
      .flatMap(({ path }) => ancestors(path))
    for (const start of new Set(['', ...paths])) {
      if (mount.version === 'v2') {
        for (const path of findScopes(mount.path + start, tree))
          roots.set(path, { version: 'v2', path, controllers: {} })
        continue
      }
      for (const name of tree.folders(mount.path + start)) {
        if (!/^slurm(_.+)?$/.test(name)) continue
        const key = `${start}/${name}`
        const path = mount.path + key
        const known = roots.get(key) ?? { version: 'v1', path, controllers: {} }
        const own = Object.fromEntries(mount.controllers.map((controller) => [controller, path]))
        roots.set(key, { ...known, controllers: { ...known.controllers, ...own } })
      }
    }
  }
  return [...roots.values()]
}

/** "/a/b/c" -> "/a/b", "/a". Segments that lead out of a namespace ("/..") lead nowhere here. */
function ancestors(path: string): string[] {
  const parts = path.split('/').filter((part) => part !== '' && part !== '..')
  return parts.slice(0, -1).map((_, index) => `/${parts.slice(0, parts.length - 1 - index).join('/')}`)
}

function findScopes(start: string, tree: FileTree): string[] {
  const found: string[] = []
  let level = [start]
  let looked = 0
  for (let depth = 0; depth < searchDepth; depth++) {
    const next: string[] = []
    for (const folder of level) {
      if (++looked > searchLimit) return found
      for (const name of tree.folders(folder)) {
        if (name.endsWith('slurmstepd.scope')) found.push(`${folder}/${name}`)
        else next.push(`${folder}/${name}`)
      }
    }
    level = next
  }
  return found
}

/** `job_812`, of which 26.05 without CgroupJobIdPaths makes the job's SLUID: "s" and 13 digits in Crockford's base 32. */
const jobFolder = /^job_(\d{1,10})$/
const sluidFolder = /^s[0-9A-HJKMNP-TV-Z]{13}$/

/** The jobs that have a group now. Other folders of the scope (`system`, `slurmd`) are none. */
export function listJobCgroups(root: JobGroupRoot, tree: FileTree = machineFiles): JobCgroup[] {
  if (root.version === 'v2') {
    return tree.folders(root.path).flatMap((name): JobCgroup[] => {
      const identity = identityOf(name)
      return identity ? [{ version: 'v2', path: `${root.path}/${name}`, controllers: {}, ...identity }] : []
    })
  }
  const jobs = new Map<string, JobCgroup>()
  for (const [controller, folder] of Object.entries(root.controllers)) {
    for (const uidFolder of tree.folders(folder)) {
      const uid = /^uid_(\d{1,10})$/.exec(uidFolder)?.[1]
      if (uid === undefined) continue
      for (const name of tree.folders(`${folder}/${uidFolder}`)) {
        const identity = identityOf(name)
        if (!identity) continue
        const path = `${folder}/${uidFolder}/${name}`
        const key = `${uidFolder}/${name}`
        const known = jobs.get(key) ?? { version: 'v1', path, controllers: {}, uid: Number(uid), ...identity }
        jobs.set(key, { ...known, controllers: { ...known.controllers, [controller]: path } })
      }
    }
  }
  return [...jobs.values()]
}

function identityOf(folder: string): { jobId: string } | { sluid: string } | undefined {
  const jobId = jobFolder.exec(folder)?.[1]
  if (jobId !== undefined) return { jobId }
  return sluidFolder.test(folder) ? { sluid: folder } : undefined
}

/**
 * Where a job's group will be, before it is there: for the event of its start. Undefined where that cannot be known.
 * @param siblings names of the folders that the root has now
 */
export function expectedJobPath(
  root: JobGroupRoot,
  job: { jobId: string; sluid?: string; uid?: number },
  siblings: readonly string[] = [],
): string | undefined {
  if (root.version === 'v1') return job.uid === undefined ? undefined : `${root.path}/uid_${job.uid}/job_${job.jobId}`
  if (siblings.some((name) => jobFolder.test(name)) || job.sluid === undefined) return `${root.path}/job_${job.jobId}`
  return siblings.some((name) => sluidFolder.test(name)) ? `${root.path}/${job.sluid}` : undefined
}
