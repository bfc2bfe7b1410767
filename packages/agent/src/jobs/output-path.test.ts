import { describe, expect, it } from 'vitest'
import { fillOutputPath } from './output-path.ts'

const environment = {
  ...{ SLURM_JOB_ID: '812', SLURM_JOB_USER: 'ann', SLURM_JOB_NAME: 'train', SLURMD_NODENAME: 'gpu-17.example.org' },
  ...{ SLURM_ARRAY_JOB_ID: '800', SLURM_ARRAY_TASK_ID: '12' },
}
const { SLURM_ARRAY_JOB_ID: _, SLURM_ARRAY_TASK_ID: _task, ...alone } = environment

describe('the path of an output file', () => {
  it.each([
    ['/home/ann/out', '/home/ann/out'],
    ['/home/ann/slurm-%j.out', '/home/ann/slurm-812.out'],
    ['/home/%u/%x/%A_%a.%b', '/home/ann/train/800_12.2'],
    ['/scratch/%6j-%4a', '/scratch/000812-0012'],
    ['/scratch/%N.%n.%t', '/scratch/gpu-17.0.0'],
    ['/scratch/100%%/%j', '/scratch/100%/812'],
  ])('%s is %s', (pattern, path) => {
    expect(fillOutputPath(pattern, environment)).toBe(path)
  })

  it.each(['/out-%J', '/out-%s', '/out-%q', '/out-%', '/out-\\%j'])('%s cannot be known here', (pattern) => {
    expect(fillOutputPath(pattern, environment)).toBeUndefined()
  })

  it("of a job that is no array's task has its id for the array's, and no task", () => {
    expect(fillOutputPath('/out-%A', alone)).toBe('/out-812')
    expect(fillOutputPath('/out-%a', alone)).toBeUndefined()
  })
})
