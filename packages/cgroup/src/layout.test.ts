import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { expectedJobPath, findJobGroupRoots, listJobCgroups, parseCgroupMounts, parseProcessCgroups } from './layout.ts'

let root: string
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'navarch-cgroup-'))
})
afterEach(() => rmSync(root, { recursive: true }))

const make = (...paths: string[]) => {
  for (const path of paths) mkdirSync(join(root, path), { recursive: true })
}
const v2Mount = () => `24 23 0:22 / ${root} rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n`
const v1Mounts = () =>
  [
    `32 31 0:29 / ${root}/cpu,cpuacct rw,relatime - cgroup cgroup rw,cpu,cpuacct`,
    `35 31 0:32 / ${root}/memory rw,relatime - cgroup cgroup rw,memory`,
    `36 31 0:33 / ${root}/devices rw,relatime - cgroup cgroup rw,devices`,
  ].join('\n')
const jobs = (mountinfo: string, ...slurmd: string[]) =>
  findJobGroupRoots(mountinfo, slurmd)
    .flatMap((found) => listJobCgroups(found))
    .map((job) => ({ ...job, path: job.path.slice(root.length + 1) }))

describe('findJobGroupRoots and listJobCgroups', () => {
  it("find the jobs in systemd's slice, and nothing else of the scope", () => {
    const scope = 'system.slice/slurmstepd.scope'
    make(`${scope}/job_812/step_0/user`, `${scope}/system`, `${scope}/slurmd`, `${scope}/job_x`, 'user.slice')
    expect(jobs(v2Mount())).toEqual([{ version: 'v2', path: `${scope}/job_812`, controllers: {}, jobId: '812' }])
  })

  it('find each of several slurmds, and other slices', () => {
    make(
      'system.slice/n1_slurmstepd.scope/job_1',
      'system.slice/n2_slurmstepd.scope/job_2',
      'hpc.slice/slurmstepd.scope/job_3',
    )
    expect(
      jobs(v2Mount())
        .map((job) => job.jobId)
        .sort(),
    ).toEqual(['1', '2', '3'])
  })

  it('know a SLUID, and take no other name for one', () => {
    make('system.slice/slurmstepd.scope/sCPNM7Y5NKNX00', 'system.slice/slurmstepd.scope/sCPNM7Y5NKNXIL')
    expect(jobs(v2Mount())).toMatchObject([{ sluid: 'sCPNM7Y5NKNX00' }])
  })

  it("find a container's own slice by slurmd's group, however deep it is", () => {
    const container = 'kubepods.slice/kubepods-burstable.slice/pod12.slice/cri-containerd-ab.scope'
    make(`${container}/system.slice/slurmstepd.scope/job_9`, `${container}/slurmd`)
    expect(jobs(v2Mount())).toEqual([])
    expect(jobs(v2Mount(), `0::/${container}/slurmd\n`)).toMatchObject([{ jobId: '9' }])
  })

  it('join the controllers of v1, and tell the user', () => {
    make('cpu,cpuacct/slurm/uid_1000/job_5', 'memory/slurm/uid_1000/job_5/step_0', 'devices/slurm/uid_1000/job_5')
    const memory = `${root}/memory/slurm/uid_1000/job_5`
    const cpuacct = `${root}/cpu,cpuacct/slurm/uid_1000/job_5`
    expect(jobs(v1Mounts())).toEqual([
      {
        version: 'v1',
        path: 'cpu,cpuacct/slurm/uid_1000/job_5',
        jobId: '5',
        uid: 1000,
        controllers: { cpuacct, memory },
      },
    ])
  })

  it('keep the nodes of v1 with multiple slurmds apart', () => {
    make('memory/slurm_n1/uid_0/job_5', 'memory/slurm_n2/uid_0/job_5')
    expect(jobs(v1Mounts()).map((job) => job.path)).toEqual([
      'memory/slurm_n1/uid_0/job_5',
      'memory/slurm_n2/uid_0/job_5',
    ])
  })

  it('find nothing where nothing is', () => {
    expect(jobs(v2Mount() + v1Mounts())).toEqual([])
    expect(findJobGroupRoots('')).toEqual([])
  })
})

it('parseCgroupMounts reads paths with white space and leaves other file systems out', () => {
  const text = '25 1 8:1 / / rw - ext4 /dev/sda1 rw\n31 25 0:28 / /sys/fs/c\\040group rw - cgroup2 none rw\nrubbish\n'
  expect(parseCgroupMounts(text)).toEqual([{ version: 'v2', path: '/sys/fs/c group', controllers: [] }])
})

it('parseProcessCgroups reads both versions', () => {
  expect(parseProcessCgroups('4:cpu,cpuacct:/a\n1:name=systemd:/b\n0::/c:d\n')).toEqual([
    { controllers: ['cpu', 'cpuacct'], path: '/a' },
    { controllers: ['name=systemd'], path: '/b' },
    { controllers: [], path: '/c:d' },
  ])
})

describe('expectedJobPath', () => {
  const v2 = { version: 'v2', path: '/s', controllers: {} } as const
  it.each([
    ['a job id before 26.05', { jobId: '5' }, [], '/s/job_5'],
    ['a job id with CgroupJobIdPaths', { jobId: '5', sluid: 'sCPNM7Y5NKNX00' }, ['system', 'job_4'], '/s/job_5'],
    ['a SLUID beside other SLUIDs', { jobId: '5', sluid: 'sCPNM7Y5NKNX00' }, ['sCPNM7Y5NKP700'], '/s/sCPNM7Y5NKNX00'],
    ['nothing where both are possible', { jobId: '5', sluid: 'sCPNM7Y5NKNX00' }, ['system'], undefined],
  ])('is %s', (_, job, siblings, path) => {
    expect(expectedJobPath(v2, job, siblings)).toBe(path)
  })

  it("needs the user's id in v1", () => {
    const v1 = { version: 'v1', path: '/m/slurm', controllers: {} } as const
    expect(expectedJobPath(v1, { jobId: '5', uid: 7 })).toBe('/m/slurm/uid_7/job_5')
    expect(expectedJobPath(v1, { jobId: '5' })).toBeUndefined()
  })
})
