import { type FSWatcher, watch } from 'node:fs'
import type { Clock } from '@navarch/system/clock'
import { type JobCgroup, type JobGroupRoot, listJobCgroups } from './layout.ts'
import { type FileTree, machineFiles } from './read-file.ts'

/** What happens to the groups of jobs. Every call comes after the one before it has returned. */
export interface JobCgroupEvents {
  /** A group that was not there before, also at the start. */
  onJob(job: JobCgroup): void
  /** A step's processes have all ended: what they used can be read for a moment yet. */
  onStepEnd(job: JobCgroup): void
  /** The group is not there any more. */
  onGone(job: JobCgroup): void
}

export interface WatchOptions {
  clock: Clock
  roots: readonly JobGroupRoot[]
  /** How often everything is looked at, for where the kernel tells nothing, ms. Default 2000. */
  scanMs?: number
  tree?: FileTree
}

/** Follows the groups below the roots until it is closed: as the kernel tells (inotify), and by looking. */
export interface JobCgroupWatch {
  /** Looks at once. */
  scan(): void
  close(): void
}

/**
 * Begins to follow; the jobs that are there are told before it returns.
 *
 * In v2 the kernel tells when the last process of a group ends: a change of `cgroup.events`. slurmstepd is in the step's
 * group as well, so it is the one of the step's `user` that counts. v1 has nothing like it.
 */
export function watchJobCgroups(options: WatchOptions, events: JobCgroupEvents): JobCgroupWatch {
  const { clock, roots, scanMs = 2000, tree = machineFiles } = options
  const jobs = new Map<string, { job: JobCgroup; watches: Watches }>()
  const own = createWatches()
  let closed = false
  let cancelScan = () => {}

  const lookAtSteps = (job: JobCgroup, watches: Watches): void => {
    const steps = tree.folders(job.path).filter((name) => name.startsWith('step_'))
    watches.keepBelow(`${job.path}/step_`, (path) => steps.some((step) => path.startsWith(`${job.path}/${step}/`)))
    for (const step of steps) {
      const folder = `${job.path}/${step}`
      const file = `${folder}/user/cgroup.events`
      watches.add(`${folder}/`, () => lookAtSteps(job, watches))
      watches.add(file, () => {
        if (isEmpty(file, tree)) events.onStepEnd(job)
      })
    }
  }

  const scan = (): void => {
    if (closed) return
    const now = new Map(roots.flatMap((root) => listJobCgroups(root, tree)).map((job) => [job.path, job]))
    for (const [path, { job, watches }] of jobs) {
      if (now.has(path)) continue
      watches.close()
      jobs.delete(path)
      events.onGone(job)
    }
    for (const [path, job] of now) {
      const known = jobs.get(path)
      if (known) {
        lookAtSteps(known.job, known.watches)
        continue
      }
      const watches = createWatches()
      jobs.set(path, { job, watches })
      watches.add(`${path}/`, () => {
        if (tree.read(`${path}/cgroup.procs`) === undefined) scan()
        else lookAtSteps(job, watches)
      })
      lookAtSteps(job, watches)
      events.onJob(job)
    }
    for (const root of roots) watchRoot(root)
  }

  const watchRoot = ({ version, path }: JobGroupRoot): void => {
    // A watch of a folder that went does not see the one that comes in its place.
    if (tree.read(`${path}/cgroup.procs`) === undefined) own.keepBelow(path, () => false)
    else own.add(`${path}/`, scan)
    if (version === 'v2') return
    for (const name of tree.folders(path)) if (name.startsWith('uid_')) own.add(`${path}/${name}/`, scan)
  }

  const scanLater = (): void => {
    cancelScan = clock.after(scanMs, () => {
      scan()
      scanLater()
    })
  }
  scan()
  scanLater()
  return {
    scan,
    close: () => {
      closed = true
      cancelScan()
      own.close()
      for (const { watches } of jobs.values()) watches.close()
    },
  }
}

function isEmpty(file: string, tree: FileTree): boolean {
  return /^populated 0$/m.test(tree.read(file) ?? '')
}

/** Watches by path; one for each. */
interface Watches {
  add(path: string, onChange: () => void): void
  /** Ends the watches below a path that are not wanted any more. */
  keepBelow(prefix: string, wanted: (path: string) => boolean): void
  close(): void
}

function createWatches(): Watches {
  const watchers = new Map<string, FSWatcher>()
  const end = (path: string) => {
    watchers.get(path)?.close()
    watchers.delete(path)
  }
  return {
    add: (path, onChange) => {
      if (watchers.has(path)) return
      try {
        const watcher = watch(path, { persistent: false }, onChange)
        // The path went, or the machine has no watches left: looking tells the same, a little later.
        watcher.on('error', () => end(path))
        watchers.set(path, watcher)
      } catch {
        // As above.
      }
    },
    keepBelow: (prefix, wanted) => {
      for (const path of [...watchers.keys()]) if (path.startsWith(prefix) && !wanted(path)) end(path)
    },
    close: () => {
      for (const path of [...watchers.keys()]) end(path)
    },
  }
}
