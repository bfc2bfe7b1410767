import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { FileTree } from './read-file.ts'
import { createStepCpu } from './step-cpu.ts'

/** A job as the kernel keeps it: groups that went leave their time with the job. */
function makeJob() {
  const steps = new Map<string, { user: number; slurm: number; over: boolean }>()
  let gone = 0
  const stat = (usec: number) => `usage_usec ${usec}\nuser_usec ${usec}\nsystem_usec 0\n`
  const parts = (path: string) => /^\/job(?:\/(step_\w+)\/(user|slurm)\/|\/)(.*)$/.exec(path)
  const tree: FileTree = {
    folders: () => [...steps.keys()],
    read: (path) => {
      const [, name, part, file] = parts(path) ?? []
      const all = [...steps.values()].reduce((sum, { user, slurm }) => sum + user + slurm, gone)
      if (name === undefined) return file === 'cpu.stat' ? stat(all) : undefined
      const step = steps.get(name)
      if (!step) return undefined
      if (file === 'cgroup.events') return `populated ${step.over ? 0 : 1}\nfrozen 0\n`
      return stat(part === 'user' ? step.user : step.slurm)
    },
  }
  return {
    tree,
    set: (name: string, user: number, slurm: number, over = false) => void steps.set(name, { user, slurm, over }),
    /** The step ends; slurmstepd takes some time more for that. */
    end: (name: string, user: number, slurm: number) => {
      steps.delete(name)
      gone += user + slurm
    },
  }
}

describe('createStepCpu', () => {
  it("counts the job's processes and not slurmstepd", () => {
    const job = makeJob()
    job.set('step_0', 1000, 400)
    const cpu = createStepCpu('/job', job.tree)
    expect(cpu.read()).toEqual({ total: 1000, user: 1000, system: 0 })
  })

  it('leaves out what slurmstepd takes for its end, after the processes were seen to have ended', () => {
    const job = makeJob()
    const cpu = createStepCpu('/job', job.tree)
    cpu.read()
    job.set('step_0', 5000, 100)
    cpu.read()
    job.set('step_0', 7000, 150, true)
    expect(cpu.read()?.total).toBe(7000)
    job.end('step_0', 7000, 900)
    job.set('step_1', 300, 10)
    expect(cpu.read()?.total).toBe(7300)
  })

  it('counts all of a step that went before its end was seen', () => {
    const job = makeJob()
    const cpu = createStepCpu('/job', job.tree)
    job.set('step_0', 5000, 100)
    cpu.read()
    job.end('step_0', 9000, 200)
    expect(cpu.read()?.total).toBe(5000 + 4000 + 100)
  })

  it('counts what was used before it began to look, and a lot that turns up from nowhere', () => {
    const job = makeJob()
    job.end('step_0', 3_000_000, 0)
    const cpu = createStepCpu('/job', job.tree)
    expect(cpu.read()?.total).toBe(3_000_000)
    job.end('step_1', 2_000_000, 0)
    expect(cpu.read()?.total).toBe(5_000_000)
  })

  it('never falls, and is never more than the whole', () => {
    const event = fc.record({
      step: fc.constantFrom('step_0', 'step_1', 'step_batch'),
      user: fc.nat(1_000_000),
      slurm: fc.nat(50_000),
      kind: fc.constantFrom('run', 'over', 'end'),
    })
    fc.assert(
      fc.property(fc.array(event), (events) => {
        const job = makeJob()
        const cpu = createStepCpu('/job', job.tree)
        const now = new Map<string, { user: number; slurm: number }>()
        let all = 0
        let before = 0
        for (const { step, user, slurm, kind } of events) {
          const old = now.get(step) ?? { user: 0, slurm: 0 }
          const next = { user: old.user + user, slurm: old.slurm + slurm }
          all += user + slurm
          if (kind === 'end') {
            job.end(step, next.user, next.slurm)
            now.delete(step)
          } else {
            job.set(step, next.user, next.slurm, kind === 'over')
            now.set(step, next)
          }
          const read = cpu.read()?.total ?? 0
          expect(read).toBeGreaterThanOrEqual(before)
          expect(read).toBeLessThanOrEqual(all)
          before = read
        }
      }),
    )
  })
})
