import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { LabUnavailableError } from '../src/errors.ts'
import { destroyLab, openLab } from '../src/lab.ts'
import { type LocalSlurm, startLocalSlurm } from '../src/local-slurm.ts'
import { missingPrerequisites } from '../src/prerequisites.ts'
import { context, skipped } from './real-lab.ts'

const { packages, problems } = await missingPrerequisites()
const lacking = [...problems, ...packages]
const reason = lacking.length > 0 ? lacking.join('; ') : undefined
const name = `local-${process.pid}`
const nodes = { prefix: 'n', count: 3, digits: 1, cpus: 4, memoryMb: 1000, gpus: 8 }

describe.skipIf(reason !== undefined)(`Slurm as processes of this machine${skipped(reason)}`, () => {
  let slurm: LocalSlurm | LabUnavailableError
  beforeAll(async () => {
    const lab = await openLab(context, name)
    slurm = await startLocalSlurm(context, lab, { nodes }).catch((error) => {
      if (error instanceof LabUnavailableError) return error
      throw error
    })
  })
  afterAll(() => destroyLab(context, name))

  test('runs a job on several nodes', { timeout: 90_000 }, async ({ skip }) => {
    if (slurm instanceof LabUnavailableError) return skip(slurm.message)
    const { run } = slurm
    const idle = async () => (await run('sinfo', ['-h', '-t', 'idle', '-o', '%N'], { deadlineMs: 20_000 })).stdout
    await expect.poll(idle, { timeout: 60_000 }).toBe('n[1-3]\n')
    const script = 'echo $SLURMD_NODENAME'
    const job = await run('srun', ['-N3', '--gres=gpu:8', 'sh', '-c', script], { deadlineMs: 60_000 })
    expect(job).toMatchObject({ code: 0, stderr: '' })
    expect(job.stdout.trim().split('\n').sort()).toEqual(['n1', 'n2', 'n3'])
  })
})
