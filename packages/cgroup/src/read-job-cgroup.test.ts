import { describe, expect, it } from 'vitest'
import type { JobCgroup } from './layout.ts'
import type { FileTree } from './read-file.ts'
import { createJobCgroupReader } from './read-job-cgroup.ts'

/** A tree of files in memory. */
function treeOf(files: Record<string, string>): FileTree & { files: Record<string, string> } {
  return {
    files,
    read: (path) => files[path],
    folders: (path) => [
      ...new Set(
        Object.keys(files).flatMap(
          (file) => /^([^/]+)\//.exec(file.startsWith(`${path}/`) ? file.slice(path.length + 1) : '')?.[1] ?? [],
        ),
      ),
    ],
  }
}
const cpu = (usec: number) => `usage_usec ${usec}\nuser_usec ${usec / 2}\nsystem_usec ${usec / 2}\n`
const v2: JobCgroup = { version: 'v2', path: '/c/job_1', controllers: {}, jobId: '1' }

describe('a job in cgroup v2', () => {
  const whole = () =>
    treeOf({
      '/c/job_1/cpu.stat': cpu(10_000_000),
      '/c/job_1/memory.stat': 'anon 1000\nfile 500000\nshmem 24\n',
      '/c/job_1/memory.current': '501024\n',
      '/c/job_1/memory.peak': '600000\n',
      '/c/job_1/memory.max': 'max\n',
      '/c/job_1/memory.events': 'low 0\nhigh 0\nmax 3\noom 1\noom_kill 1\n',
      '/c/job_1/cpuset.cpus.effective': '0-3\n',
      '/c/job_1/io.pressure':
        'some avg10=0.00 avg60=0.00 avg300=0.00 total=2500000\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=0\n',
      '/c/job_1/cgroup.procs': '',
      '/c/job_1/step_0/cgroup.procs': '',
      '/c/job_1/step_0/slurm/cgroup.procs': '70\n',
      '/c/job_1/step_0/slurm/cpu.stat': cpu(400_000),
      '/c/job_1/step_0/user/cpu.stat': cpu(9_600_000),
      '/c/job_1/step_0/user/cgroup.procs': '',
      '/c/job_1/step_0/user/task_0/cgroup.procs': '71\n72\n',
    })

  it("has the values of section 2.2, without page cache, slurmstepd's time and slurmstepd itself", () => {
    expect(createJobCgroupReader(v2, whole()).read()).toEqual({
      ...{ cpuSeconds: 9.6, cpuUserSeconds: 4.8, cpuSystemSeconds: 4.8, cpus: 4 },
      ...{ memoryBytes: 1024, memoryTotalBytes: 501_024, memoryPeakBytes: 600_000, oomKills: 1 },
      ...{ ioStallSeconds: 2.5, processes: 2 },
    })
  })

  it('leaves out what a controller that is off does not tell', () => {
    const tree = treeOf({ '/c/job_1/cpu.stat': cpu(5_000_000) })
    expect(createJobCgroupReader(v2, tree).read()).toEqual({
      cpuSeconds: 5,
      cpuUserSeconds: 2.5,
      cpuSystemSeconds: 2.5,
    })
  })

  it('is gone with its folder', () => {
    const tree = whole()
    const reader = createJobCgroupReader(v2, tree)
    expect(reader.read()).toBeDefined()
    for (const path of Object.keys(tree.files)) delete tree.files[path]
    expect(reader.read()).toBeUndefined()
  })

  it('refuses a file that no kernel wrote, by name and line', () => {
    const tree = whole()
    tree.files['/c/job_1/memory.events'] = 'low 0\noom_kill many\n'
    expect(() => createJobCgroupReader(v2, tree).read()).toThrow(
      '/c/job_1/memory.events:2: "many" is not a whole number',
    )
  })
})

describe('a job in cgroup v1', () => {
  const v1: JobCgroup = {
    ...{ version: 'v1', path: '/m/uid_0/job_1', jobId: '1', uid: 0 },
    controllers: { memory: '/m/uid_0/job_1', cpuacct: '/a/uid_0/job_1' },
  }
  it('has the values that v1 knows', () => {
    const tree = treeOf({
      '/m/uid_0/job_1/memory.usage_in_bytes': '4096\n',
      '/m/uid_0/job_1/memory.max_usage_in_bytes': '8192\n',
      '/m/uid_0/job_1/memory.limit_in_bytes': '9223372036854771712\n',
      '/m/uid_0/job_1/memory.stat': 'rss 1\ntotal_rss 1000\ntotal_cache 9\ntotal_shmem 24\n',
      '/m/uid_0/job_1/memory.oom_control': 'oom_kill_disable 0\nunder_oom 0\noom_kill 2\n',
      '/a/uid_0/job_1/cpuacct.usage': '2500000000\n',
      '/a/uid_0/job_1/cpuacct.stat': 'user 200\nsystem 50\n',
      '/a/uid_0/job_1/cgroup.procs': '',
      '/a/uid_0/job_1/step_0/cgroup.procs': '5\n6\n',
    })
    expect(createJobCgroupReader(v1, tree).read()).toEqual({
      ...{ cpuSeconds: 2.5, cpuUserSeconds: 2, cpuSystemSeconds: 0.5 },
      ...{ memoryBytes: 1024, memoryTotalBytes: 4096, memoryPeakBytes: 8192, oomKills: 2, processes: 2 },
    })
  })
})
