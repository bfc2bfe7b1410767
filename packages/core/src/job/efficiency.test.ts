import { describe, expect, it } from 'vitest'
import { after, gpu, input, usage, view } from '../../test/job-builders.ts'
import { efficiencyOf, nodeReportsOf } from './efficiency.ts'

const gib = 2 ** 30
const twoNodes = view({ nodes: ['gpu-17', 'gpu-18'], allocated: { cpus: 16, memoryMb: 131_072, gpus: 1 } })

describe('the efficiency of a run', () => {
  it('is what was used of what was allocated', () => {
    expect(efficiencyOf(input({ view: view({ timeLimitMinutes: 120 }) }))).toEqual({
      cpu: 87.5,
      cpuSeconds: 25_200,
      cpuSecondsAllocated: 28_800,
      memory: 62.5,
      memoryMaxBytes: 40 * gib,
      memoryAllocatedBytes: 64 * gib,
      gpu: 90,
      gpuHours: 1,
      gpuIdleHours: 0,
      walltimeSeconds: 3600,
      timeLimitSeconds: 7200,
    })
  })

  it('of a job of one second has its exact CPU time', () => {
    const short = { view: view({ endTime: after(1) }), usage: { 'gpu-17': usage({ until: after(1), cpuSeconds: 4 }) } }
    expect(efficiencyOf(input(short))).toMatchObject({ cpu: 50, cpuSeconds: 4, cpuSecondsAllocated: 8 })
  })

  it('of a job of less than one of Slurm’s seconds is over the time that its agent saw', () => {
    const short = {
      view: view({ endTime: after(0) }),
      usage: { 'gpu-17': usage({ until: after(0.5), cpuSeconds: 2 }) },
    }
    expect(efficiencyOf(input(short))).toMatchObject({ cpu: 50, cpuSeconds: 2 })
  })

  it('has no energy of a GPU that was read once: it is not known, and not none', () => {
    const read = (readings: number) => ({ usage: { 'gpu-17': usage({ gpus: [gpu({ readings, energyJoules: 0 })] }) } })
    const energies = (readings: number) => [
      efficiencyOf(input(read(readings))).energyJoules,
      nodeReportsOf(input(read(readings)))[0]?.gpus[0]?.energyJoules,
    ]
    expect([energies(1), energies(2)]).toEqual([
      [undefined, undefined],
      [0, 0],
    ])
  })

  it('of a run that goes on is as of its last reading', () => {
    const { endTime: _, ...running } = view({ state: 'running' })
    const figures = usage({ until: after(100), cpuSeconds: 400 })
    expect(efficiencyOf(input({ view: running, usage: { 'gpu-17': figures }, now: after(110) }))).toMatchObject({
      cpu: 50,
      walltimeSeconds: 110,
    })
  })

  it('knows no sums of two nodes when one of them was not measured, and percentages of the other', () => {
    const known = efficiencyOf(input({ view: twoNodes }))
    expect(known).toMatchObject({ cpu: 87.5, memory: 62.5 })
    expect(known).not.toHaveProperty('cpuSeconds')
    expect(known).not.toHaveProperty('memoryMaxBytes')
  })

  it("is accounting's where processes alone were read and it knows of more, and says so", () => {
    const accounted = { cpuSeconds: 26_000 }
    const read = input({ view: view({ accounted }), usage: { 'gpu-17': usage({ source: 'proc' }) } })
    expect(efficiencyOf(read).cpuSeconds).toBe(26_000)
    expect(nodeReportsOf(read)[0]).toMatchObject({ cpuSeconds: 26_000, source: 'slurmdbd' })
  })

  it('is what was measured where groups counted it, or accounting knows of less', () => {
    const greater = input({ view: view({ accounted: { cpuSeconds: 26_000 } }) })
    expect(efficiencyOf(greater).cpuSeconds).toBe(25_200)
    expect(nodeReportsOf(greater)[0]).toMatchObject({ cpuSeconds: 25_200, source: 'cgroup-v2' })
    const less = { view: view({ accounted: { cpuSeconds: 25_000 } }), usage: { 'gpu-17': usage({ source: 'proc' }) } }
    expect(efficiencyOf(input(less)).cpuSeconds).toBe(25_200)
    expect(nodeReportsOf(input(less))[0]?.source).toBe('proc')
  })

  it("is accounting's where nothing was measured", () => {
    const accounted = { cpuSeconds: 14_400, maxRssBytes: 16 * gib }
    expect(efficiencyOf(input({ view: view({ accounted }), usage: {} }))).toMatchObject({
      cpu: 50,
      cpuSeconds: 14_400,
      memory: 25,
      memoryMaxBytes: 16 * gib,
    })
  })

  it('does not know what nobody told', () => {
    const known = efficiencyOf(input({ usage: {} }))
    for (const key of ['cpu', 'cpuSeconds', 'memory', 'gpu', 'gpuMemory', 'gpuIdleHours', 'energyJoules'])
      expect(known).not.toHaveProperty(key)
  })

  it('weights GPUs by the time that they were measured', () => {
    const gpus = [
      gpu({ utilizationMean: 100, utilizationSeconds: 3000 }),
      gpu({ uuid: 'GPU-4', utilizationMean: 0, utilizationSeconds: 1000 }),
    ]
    expect(efficiencyOf(input({ usage: { 'gpu-17': usage({ gpus }) } })).gpu).toBe(75)
  })

  it('counts as idle a GPU that never worked, and the end of one that did', () => {
    const gpus = [
      gpu({ utilizationMax: 0, utilizationMean: 0, idleSeconds: 3600 }),
      gpu({ uuid: 'GPU-4', idleSeconds: 1800 }),
    ]
    const allocated = { gpus: 2 }
    const known = efficiencyOf(input({ view: view({ allocated }), usage: { 'gpu-17': usage({ gpus }) } }))
    expect(known).toMatchObject({ gpuHours: 2, gpuIdleHours: 1.5 })
  })

  it('has the energy of all GPUs or none', () => {
    const energy = (count: number) =>
      efficiencyOf(
        input({
          view: view({ allocated: { gpus: count } }),
          usage: { 'gpu-17': usage({ gpus: [gpu({ energyJoules: 7 })] }) },
        }),
      ).energyJoules
    expect([energy(1), energy(2)]).toEqual([7, undefined])
  })
})

describe('the nodes of a run', () => {
  it('are all there, measured or not', () => {
    expect(nodeReportsOf(input({ view: twoNodes })).map(({ node, source }) => [node, source])).toEqual([
      ['gpu-17', 'cgroup-v2'],
      ['gpu-18', 'none'],
    ])
  })

  it('show a GPU that was given and not measured', () => {
    const [node] = nodeReportsOf(input({ usage: {} }))
    expect(node?.gpus).toEqual([{ uuid: 'GPU-3', vendor: 'nvidia', index: 3 }])
  })

  it('take the fuller of two accounts, and one without a node for the only node', () => {
    const whole = view({ usage: { '': usage({ readings: 900, cpuSeconds: 1 }) } })
    expect(nodeReportsOf(input({ view: whole }))).toMatchObject([{ node: 'gpu-17', cpuSeconds: 1 }])
  })
})
