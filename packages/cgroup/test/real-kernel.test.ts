import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { systemClock } from '@navarch/system/clock'
import { describe, expect, it } from 'vitest'
import { findJobGroupRoots, listJobCgroups, parseCgroupMounts } from '../src/layout.ts'
import { createJobCgroupReader } from '../src/read-job-cgroup.ts'
import { watchJobCgroups } from '../src/watch.ts'
import { busy } from './busy-process.ts'

const mounts = parseCgroupMounts(readFileSync('/proc/self/mountinfo', 'utf8'))

/** Makes groups in the kernel, and takes them away at the end, the deepest first. */
function makeGroups(...paths: string[]) {
  const made: string[] = []
  const make = (path: string) => {
    mkdirSync(path)
    made.unshift(path)
  }
  for (const path of paths) make(path)
  return {
    make,
    remove: (path: string) => {
      rmdirSync(path)
      made.splice(made.indexOf(path), 1)
    },
    [Symbol.dispose]: () => {
      for (const path of made) rmdirSync(path)
    },
  }
}

/** The folder of a mount in which we may make groups; undefined when the machine lets nobody. */
function writable(path: string | undefined): string | undefined {
  if (path === undefined) return undefined
  const probe = join(path, `navarch-probe-${process.pid}`)
  try {
    mkdirSync(probe)
    rmdirSync(probe)
    return path
  } catch {
    return undefined
  }
}

/** Runs a shell script with all its processes in a group. */
async function runIn(group: string, script: string): Promise<void> {
  const child = spawn('/bin/sh', ['-c', `read go; ${script}`], { stdio: ['pipe', 'ignore', 'inherit'] })
  const exited = once(child, 'exit')
  writeFileSync(join(group, 'cgroup.procs'), `${child.pid}\n`)
  child.stdin.end('go\n')
  await exited
}

const v2 = writable(mounts.find(({ version }) => version === 'v2')?.path)

describe.skipIf(v2 === undefined)('cgroup v2 of this kernel', () => {
  const scope = join(v2 ?? '', `navarch-test-${process.pid}_slurmstepd.scope`)
  const job = join(scope, 'job_990001')
  const user = join(job, 'step_0', 'user')

  it('tells of a job, of the end of its step and of its end, at once, with what it used', async () => {
    using groups = makeGroups(scope)
    const told: string[] = []
    const [root] = findJobGroupRoots(readFileSync('/proc/self/mountinfo', 'utf8')).filter(({ path }) => path === scope)
    if (!root) throw new Error('the scope was not found')
    let used = 0
    const watch = watchJobCgroups(
      // So long between two looks that nothing here comes from them.
      { clock: systemClock, roots: [root], scanMs: 3_600_000 },
      {
        onJob: ({ jobId }) => told.push(`job ${jobId}`),
        onStepEnd: (found) => {
          told.push('step end')
          used = createJobCgroupReader(found).read()?.cpuSeconds ?? 0
        },
        onGone: ({ jobId }) => told.push(`gone ${jobId}`),
      },
    )
    try {
      groups.make(job)
      await expect.poll(() => told).toEqual(['job 990001'])
      groups.make(join(job, 'step_0'))
      groups.make(user)
      // slurmstepd takes its time to start tasks in the new group; this test does not.
      watch.scan()
      await runIn(user, busy)
      await expect.poll(() => told).toContain('step end')
      expect(used).toBeGreaterThan(0.05)
      groups.remove(user)
      groups.remove(join(job, 'step_0'))
      const after = createJobCgroupReader({ version: 'v2', path: job, controllers: {}, jobId: '990001' }).read()
      expect(after?.cpuSeconds).toBeGreaterThanOrEqual(used)
      groups.remove(job)
      await expect.poll(() => told.at(-1)).toBe('gone 990001')
    } finally {
      watch.close()
    }
  })

  it('takes jobs up that were there before, and finds them by looking too', async () => {
    using groups = makeGroups(scope, job)
    const told: string[] = []
    const events = { onJob: () => told.push('job'), onStepEnd: () => {}, onGone: () => told.push('gone') }
    const root = { version: 'v2', path: scope, controllers: {} } as const
    const watch = watchJobCgroups({ clock: systemClock, roots: [root], scanMs: 3_600_000 }, events)
    try {
      expect(told).toEqual(['job'])
      watch.scan()
      expect(told).toEqual(['job'])
      groups.remove(job)
      watch.scan()
      expect(told).toEqual(['job', 'gone'])
    } finally {
      watch.close()
    }
  })
})

const memory = writable(mounts.find(({ controllers }) => controllers.includes('memory'))?.path)
const cpuacct = writable(mounts.find(({ controllers }) => controllers.includes('cpuacct'))?.path)

describe.skipIf(memory === undefined || cpuacct === undefined)('cgroup v1 of this kernel', () => {
  it('tells CPU time, memory and the limit of a job', async () => {
    const slurm = `slurm_navarch-test-${process.pid}`
    const folders = [memory, cpuacct].flatMap((mount) =>
      ['', '/uid_0', '/uid_0/job_990002'].map((below) => `${mount}/${slurm}${below}`),
    )
    using _groups = makeGroups(...folders)
    writeFileSync(`${memory}/${slurm}/uid_0/job_990002/memory.limit_in_bytes`, String(64 * 1024 * 1024))
    const roots = findJobGroupRoots(readFileSync('/proc/self/mountinfo', 'utf8'))
    const [job] = roots.filter(({ path }) => path.endsWith(slurm)).flatMap((root) => listJobCgroups(root))
    if (!job) throw new Error('the job was not found')
    await runIn(`${memory}/${slurm}/uid_0/job_990002`, 'echo $$ >/dev/null')
    await runIn(`${cpuacct}/${slurm}/uid_0/job_990002`, busy)
    const reading = createJobCgroupReader(job).read()
    expect(job).toMatchObject({ jobId: '990002', uid: 0 })
    expect(reading?.cpuSeconds).toBeGreaterThan(0.05)
    expect(reading).toMatchObject({ memoryLimitBytes: 64 * 1024 * 1024, oomKills: 0, processes: 0 })
    expect(reading?.memoryPeakBytes).toBeGreaterThan(0)
  })
})
