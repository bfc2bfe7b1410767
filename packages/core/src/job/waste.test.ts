import { describe, expect, it } from 'vitest'
import { after, gpu, usage, view } from '../../test/job-builders.ts'
import type { GpuUsage } from './node-usage.ts'
import { wasteOf } from './waste.ts'

const now = after(3600)
const running = (() => {
  const { endTime: _, ...known } = view({ state: 'running', rawState: 'RUNNING', allocated: { gpus: 2 } })
  return known
})()
const idle = (minutes: number, over: Partial<GpuUsage> = {}) =>
  gpu({ utilization: 0, idleSeconds: minutes * 60, last: { at: now }, ...over })
const run = (runId: string, ...gpus: GpuUsage[]) => ({
  view: { ...running, runId },
  usage: { 'gpu-17': usage({ gpus }) },
})
const wasted = (...gpus: GpuUsage[]) => wasteOf([run('812-r0', ...gpus)], now)[0]

describe('GPUs that are held and idle', () => {
  it('are those at 0 % for ten minutes and more', () => {
    expect(wasted(idle(42), gpu({ uuid: 'GPU-4', utilization: 80, last: { at: now } }))).toMatchObject({
      gpusHeld: 2,
      gpusIdle: 1,
      idleSince: after(3600 - 42 * 60),
      idleGpuHours: 0.7,
      nodes: ['gpu-17'],
      reason: '1 of 2 GPUs: 0 % for 42 min',
    })
    expect(wasted(idle(9))).toBeUndefined()
  })

  it('tell whether any process uses them', () => {
    const two = (memoryBytes: number) => [idle(42, { memoryBytes }), idle(42, { uuid: 'GPU-4', memoryBytes })]
    expect(wasted(...two(2 ** 20))?.reason).toBe(
      '0 % for 42 min, and no memory in use: no process of the job uses them',
    )
    expect(wasted(...two(2 ** 31))?.reason).toBe('0 % for 42 min, with 2 GiB of memory held')
  })

  it('come with the most GPU hours first', () => {
    const runs = [run('1-r0', idle(15)), run('2-r0', idle(30), idle(30, { uuid: 'GPU-4' })), run('3-r0', idle(40))]
    expect(wasteOf(runs, now).map(({ view: { runId } }) => runId)).toEqual(['2-r0', '3-r0', '1-r0'])
  })

  it('are not those of which nobody knows, or has heard of late', () => {
    const { utilization: _, ...silent } = idle(42)
    expect(wasted(silent)).toBeUndefined()
    expect(wasted(idle(42, { last: { at: now - 400_000 } }))).toBeUndefined()
  })

  it('are not those of a job that has ended', () => {
    expect(wasteOf([{ view: view(), usage: { 'gpu-17': usage({ gpus: [idle(42)] }) } }], now)).toEqual([])
  })
})
