import type { GpuReading } from '@navarch/gpu/gpu-reading'
import type { GpuLook } from '@navarch/gpu/nvidia-smi'
import { describe, expect, it } from 'vitest'
import { createGpuConditions } from './gpu-conditions.ts'

const look = (...gpus: GpuReading[]): GpuLook => ({ kind: 'readings', gpus })
const gpu = (index: number, more: Partial<GpuReading> = {}): GpuReading => ({ index, uuid: `GPU-${index}`, ...more })
const codes = (findings: readonly { code: string }[]) => findings.map((finding) => finding.code)

describe('createGpuConditions', () => {
  it('calls a condition fresh once, and keeps its id and time while it holds', () => {
    const conditions = createGpuConditions('n1')
    const faulty = gpu(0, { rowRemapPending: true })
    expect(codes(conditions.observe(look(faulty), 1000).fresh)).toEqual(['row-remap-pending'])
    const [first] = conditions.current()
    expect(conditions.observe(look(faulty), 2000).fresh).toEqual([])
    expect(conditions.current()).toMatchObject([{ id: first?.id, at: 1000 }])
    conditions.observe(look(gpu(0)), 3000)
    expect(conditions.current()).toEqual([])
    expect(conditions.observe(look(faulty), 4000).fresh[0]?.id).not.toBe(first?.id)
  })

  it('tells one GPU from another', () => {
    const conditions = createGpuConditions('n1')
    conditions.observe(look(gpu(0, { lost: true }), gpu(1)), 0)
    const { fresh } = conditions.observe(look(gpu(0, { lost: true }), gpu(1, { requiresReset: true })), 1)
    expect(fresh).toMatchObject([{ code: 'gpu-requires-reset', gpuUuid: 'GPU-1' }])
  })

  it('misses a GPU that was there before, also across a restart of the agent', () => {
    const conditions = createGpuConditions('n1')
    conditions.observe(look(gpu(0), gpu(1)), 0)
    expect(codes(conditions.observe(look(gpu(0)), 1).fresh)).toEqual(['gpu-missing'])
    expect(codes(createGpuConditions('n1', ['GPU-0', 'GPU-1']).observe(look(gpu(0)), 2).fresh)).toEqual(['gpu-missing'])
  })

  it('keeps what it knows of the GPUs when the tool fails', () => {
    const conditions = createGpuConditions('n1')
    conditions.observe(look(gpu(0, { rowRemapFailure: true })), 0)
    const { fresh } = conditions.observe({ kind: 'failed', failure: { kind: 'stuck', afterMs: 20_000 } }, 1)
    expect(codes(fresh)).toEqual(['nvidia-smi-stuck'])
    expect(codes(conditions.current())).toEqual(['row-remap-failure', 'nvidia-smi-stuck'])
    conditions.observe(look(gpu(0, { rowRemapFailure: true })), 2)
    expect(codes(conditions.current())).toEqual(['row-remap-failure'])
  })

  it('finds a slowdown that lasts, and lets go of it ten minutes after', () => {
    const conditions = createGpuConditions('n1')
    let at = 0
    const observe = (clockEvents: number, times: number) => {
      for (let looks = 0; looks < times; looks++) {
        at += 15_000
        conditions.observe(look(gpu(0, { clockEvents })), at)
      }
    }
    observe(0x40, 10)
    expect(codes(conditions.current())).toContain('thermal-slowdown')
    observe(0x4, 40)
    expect(conditions.current()).toEqual([])
  })
})
