import type { FileTree } from '@navarch/cgroup/read-file'
import type { GpuReading } from '@navarch/gpu/gpu-reading'
import { describe, expect, it } from 'vitest'
import { gpuMinorsOfGresConf, readGresConf, readNvidiaMinors } from './gres-conf.ts'
import { gpusOfHook, gresOrder } from './job-gpus.ts'
import { readingsOfJob } from './tracked-job.ts'

const readings: GpuReading[] = ['a', 'b', 'c', 'd'].map((letter, index) => ({
  index,
  uuid: `GPU-${letter}`,
  name: 'H100',
  memoryTotalBytes: 80e9,
  pciBusId: `00000000:${index}A:00.0`,
}))
const divided: GpuReading = {
  ...{ index: 0, uuid: 'GPU-m', name: 'H200', memoryTotalBytes: 141e9, memoryUsedBytes: 58e9 },
  ...{ powerWatts: 400, temperatureCelsius: 60, clockEvents: 4, energyJoules: 1e6, migMode: true },
  migInstances: [
    { id: 2, profile: '3g.71gb', uuids: ['MIG-1', 'MIG-2'], memoryTotalBytes: 71e9, memoryUsedBytes: 40e9 },
    { id: 9, profile: '1g.18gb', uuids: ['MIG-3'], memoryTotalBytes: 18e9, memoryUsedBytes: 18e9 },
    { id: 11, uuids: ['MIG-4'] },
  ],
}
const filesOf = (files: Record<string, string>): FileTree => ({ read: (path) => files[path], folders: () => [] })

describe('gpusOfHook', () => {
  const node = { readings, order: ['GPU-c', 'GPU-b', 'GPU-a', 'GPU-d'] }
  it('names GPUs by UUID, in the order of Slurm', () => {
    expect(gpusOfHook({ SLURM_JOB_GPUS: '0,3', CUDA_VISIBLE_DEVICES: '0,3' }, node)).toEqual({
      count: 2,
      vendor: 'nvidia',
      devices: ['GPU-c', 'GPU-d'],
      gpus: [
        { uuid: 'GPU-c', vendor: 'nvidia', index: 2, model: 'H100', memoryTotalBytes: 80e9 },
        { uuid: 'GPU-d', vendor: 'nvidia', index: 3, model: 'H100', memoryTotalBytes: 80e9 },
      ],
    })
  })

  it('takes a UUID for what it is, of a MIG instance too', () => {
    const environment = { SLURM_JOB_GPUS: '5', CUDA_VISIBLE_DEVICES: 'MIG-123' }
    expect(gpusOfHook(environment, node).gpus).toEqual([{ uuid: 'MIG-123', vendor: 'nvidia' }])
  })

  it('knows the profile and the memory of a MIG instance, and the GPU that it is a part of', () => {
    const environment = { SLURM_JOB_GPUS: '5', CUDA_VISIBLE_DEVICES: 'MIG-3' }
    expect(gpusOfHook(environment, { readings: [divided], order: [] })).toMatchObject({
      devices: ['MIG-3'],
      gpus: [
        { uuid: 'MIG-3', vendor: 'nvidia', model: 'H200 MIG 1g.18gb', memoryTotalBytes: 18e9, parentUuid: 'GPU-m' },
      ],
    })
  })

  it('keeps the name of a GPU that the driver does not show', () => {
    expect(gpusOfHook({ SLURM_JOB_GPUS: '9' }, node)).toEqual({ count: 1, vendor: 'nvidia', devices: ['9'], gpus: [] })
  })

  it('knows AMD by its variable, and none by none', () => {
    expect(gpusOfHook({ ROCR_VISIBLE_DEVICES: '0', SLURM_JOB_GPUS: '0' }, { readings: [], order: [] })).toMatchObject({
      vendor: 'amd',
      devices: ['0'],
    })
    const both: GpuReading[] = [{ uuid: 'GPU-a' }, { uuid: '38ff-1', vendor: 'amd' }]
    const mixed = { readings: both, order: ['GPU-a', '38ff-1'] }
    expect(gpusOfHook({ SLURM_JOB_GPUS: '0,1', CUDA_VISIBLE_DEVICES: '0,1' }, mixed)).toMatchObject({ vendor: 'mixed' })
    expect(gpusOfHook({ SLURM_JOB_GPUS: '1', CUDA_VISIBLE_DEVICES: '1' }, mixed)).toMatchObject({ vendor: 'amd' })
    expect(gpusOfHook({ CUDA_VISIBLE_DEVICES: 'NoDevFiles' }, node)).toMatchObject({ count: 0, vendor: 'none' })
  })
})

describe('readingsOfJob', () => {
  const job = (...uuids: string[]) => uuids.map((uuid) => ({ uuid, vendor: 'nvidia' as const }))

  it('has of a MIG instance its own memory, and nothing of what is the whole GPU’s', () => {
    expect(readingsOfJob(job('MIG-3', 'MIG-1'), [divided])).toEqual([
      { uuid: 'MIG-3', vendor: 'nvidia', model: 'H200 MIG 1g.18gb', memoryBytes: 18e9, memoryTotalBytes: 18e9 },
      { uuid: 'MIG-1', vendor: 'nvidia', model: 'H200 MIG 3g.71gb', memoryBytes: 40e9, memoryTotalBytes: 71e9 },
    ])
  })

  it('has no memory where the driver tells none, and no reading of what it does not show', () => {
    expect(readingsOfJob(job('MIG-4', 'MIG-9'), [divided])).toEqual([
      { uuid: 'MIG-4', vendor: 'nvidia', model: 'H200 MIG' },
    ])
  })
})

describe('gresOrder', () => {
  const minors = new Map(readings.map(({ uuid = '', index = 0 }) => [uuid, 3 - index]))
  it('follows gres.conf by minor number', () => {
    expect(gresOrder(readings, minors, [2, 3])).toEqual(['GPU-b', 'GPU-a'])
  })
  it('follows the minor numbers where Slurm finds the GPUs itself', () => {
    expect(gresOrder(readings, minors, undefined)).toEqual(['GPU-d', 'GPU-c', 'GPU-b', 'GPU-a'])
  })
  it("follows the driver's order where nobody tells minor numbers", () => {
    expect(gresOrder(readings, new Map(), undefined)).toEqual(['GPU-a', 'GPU-b', 'GPU-c', 'GPU-d'])
    expect(gresOrder(readings, new Map(), [3, 0])).toEqual(['GPU-d', 'GPU-a'])
  })
  it('leaves the place of a GPU that is gone empty, so that the others keep theirs', () => {
    expect(gresOrder(readings, minors, [7, 0])).toEqual(['', 'GPU-d'])
  })
})

describe('gres.conf and the driver', () => {
  it('tell minor numbers, of the lines about this node', () => {
    const text = [
      '# AutoDetect=off',
      'NodeName=gpu-[1-2] Name=gpu Type=a100 File=/dev/nvidia[2-3]',
      'NodeName=gpu-[1-2] Name=gpu Type=h100 File=/dev/nvidia0 # the odd one',
      'NodeName=gpu-3 name=gpu file=/dev/nvidia1',
      'Name=shard Count=8',
    ].join('\n')
    expect(gpuMinorsOfGresConf(text, 'gpu-1')).toEqual([2, 3, 0])
    expect(gpuMinorsOfGresConf(text, 'gpu-3')).toEqual([1])
    expect(gpuMinorsOfGresConf('AutoDetect=nvml\n', 'gpu-1')).toBeUndefined()
  })

  it('are read where slurmd and the kernel keep them', () => {
    const tree = filesOf({
      '/srv/slurm/gres.conf': 'A',
      '/run/slurm/conf/gres.conf': 'B',
      '/proc/driver/nvidia/gpus/0000:1a:00.0/information': 'Model: \t NVIDIA\nDevice Minor: \t 6\n',
    })
    expect(readGresConf('/srv/slurm/slurm.conf', tree)).toBe('A')
    expect(readGresConf(undefined, tree)).toBe('B')
    expect(readNvidiaMinors(readings, tree)).toEqual(new Map([['GPU-b', 6]]))
  })
})
