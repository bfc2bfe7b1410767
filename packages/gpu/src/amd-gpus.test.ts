import { readFileSync } from 'node:fs'
import { CommandStartError, CommandTimeoutError, type RunCommand } from '@navarch/system/run-command'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { bothVendors, createAmdGpus } from './amd-gpus.ts'
import { parseAmdIdentities, parseAmdMetrics } from './amd-smi.ts'
import type { GpuReading } from './gpu-reading.ts'
import type { GpuLook } from './nvidia-smi.ts'
import { parseRocmSmi } from './rocm-smi.ts'

const fixture = (name: string) => readFileSync(new URL(`../fixtures/${name}`, import.meta.url), 'utf8')
const ok = (stdout: string) => ({ code: 0, signal: null, stdout, stderr: '' })

/** A machine with these tools. */
function machine(tools: Record<string, (args: readonly string[]) => string>): RunCommand {
  return async (program, args) => {
    const tool = tools[program]
    if (!tool) throw new CommandStartError(`${program} is not there`)
    return ok(tool(args))
  }
}

const amdSmi = (args: readonly string[]) => fixture(`amd-smi-${args[0]}.json`)

describe('rocm-smi', () => {
  it('is read with the names of ROCm 5 and of ROCm 6', () => {
    expect(parseRocmSmi(fixture('rocm-smi-5.json'))).toEqual([
      {
        vendor: 'amd',
        index: 0,
        uuid: '0x54f88318ca05093d',
        pciBusId: '00000000:C1:00.0',
        name: 'AMD Instinct MI210',
        utilizationPercent: 87,
        memoryUtilizationPercent: 31,
        memoryTotalBytes: 68_702_699_520,
        memoryUsedBytes: 41_221_619_712,
        temperatureCelsius: 62,
        memoryTemperatureCelsius: 70,
        powerWatts: 241,
        smClockMhz: 1700,
      },
    ])
    expect(parseRocmSmi(fixture('rocm-smi-6.json'))).toEqual([
      expect.objectContaining({ index: 0, name: 'AMD Instinct MI300X', powerWatts: 312, utilizationPercent: 12 }),
      expect.objectContaining({ index: 1, name: 'AMD Instinct MI300X', powerWatts: 140 }),
    ])
  })

  it("takes the document's call, which tells the use alone", () => {
    expect(parseRocmSmi('{"card0": {"GPU use (%)": "17"}, "system": {"Driver version": "6.7.0"}}')).toEqual([
      { vendor: 'amd', index: 0, utilizationPercent: 17 },
    ])
  })

  it('leaves out what it does not know', () => {
    const [card] = parseRocmSmi(
      '{"card3": {"GPU use (%)": "N/A", "Unique ID": "0x0", "Temperature (Sensor edge) (C)": "-1"}}',
    )
    expect(card).toEqual({ vendor: 'amd', index: 3 })
  })

  it.each([
    ['ERROR: no AMD GPUs', 'rocm-smi printed no JSON: "ERROR: no AMD GPUs"'],
    ['{"card0": ', 'rocm-smi printed what is no JSON object'],
    ['{"card0": 5}', 'rocm-smi: card0 is no object'],
  ])('refuses %s', (text, message) => {
    expect(() => parseRocmSmi(text)).toThrow(message)
  })
})

describe('amd-smi', () => {
  const identities = parseAmdIdentities(fixture('amd-smi-list.json'), fixture('amd-smi-static.json'))

  it('is read with names and addresses from its other commands', () => {
    expect(parseAmdMetrics(fixture('amd-smi-metric.json'), identities)).toEqual([
      {
        vendor: 'amd',
        index: 0,
        uuid: '6cff74a0-0000-1000-8000-5f1d2c3b4a59',
        pciBusId: '00000000:05:00.0',
        name: 'AMD Instinct MI355X',
        memoryTotalBytes: 294_896 * 1024 ** 2,
        memoryUsedBytes: 283 * 1024 ** 2,
        utilizationPercent: 93,
        memoryUtilizationPercent: 22,
        powerWatts: 1039,
        temperatureCelsius: 76,
        memoryTemperatureCelsius: 61,
        smClockMhz: 2349,
        energyJoules: 123_456.7,
      },
      { vendor: 'amd', index: 1, name: 'AMD Instinct MI355X', memoryTotalBytes: 294_896 * 1024 ** 2 },
    ])
  })

  it('is read without its wrapper, as before ROCm 6.4', () => {
    const metrics: { gpu_data: unknown } = JSON.parse(fixture('amd-smi-metric.json'))
    expect(parseAmdMetrics(JSON.stringify(metrics.gpu_data), identities)).toHaveLength(2)
  })

  it('never takes a damaged output for readings of another GPU', () => {
    const text = fixture('amd-smi-metric.json')
    const mutation = fc.tuple(fc.nat(text.length - 1), fc.constantFrom('', '{', '"', '9', ','))
    fc.assert(
      fc.property(mutation, ([at, by]) => {
        let readings: GpuReading[] = []
        try {
          readings = parseAmdMetrics(text.slice(0, at) + by + text.slice(at + 1), identities)
        } catch (error) {
          expect((error as Error).message).toMatch(/^amd-smi/)
        }
        for (const { utilizationPercent = 0 } of readings) {
          expect(utilizationPercent).toBeGreaterThanOrEqual(0)
          expect(utilizationPercent).toBeLessThanOrEqual(100)
        }
      }),
    )
  })
})

describe('a look at AMD GPUs', () => {
  it('asks amd-smi, and what does not change only once', async () => {
    const asked: string[] = []
    const gpus = createAmdGpus({
      run: machine({
        'amd-smi': (args) => {
          asked.push(args[0] ?? '')
          return amdSmi(args)
        },
      }),
    })
    expect(await gpus.look()).toMatchObject({ kind: 'readings', gpus: [{ index: 0 }, { index: 1 }] })
    await gpus.look()
    expect(asked).toEqual(['list', 'static', 'metric', 'metric'])
  })

  it('asks rocm-smi where that is all there is', async () => {
    const gpus = createAmdGpus({ run: machine({ 'rocm-smi': () => fixture('rocm-smi-6.json') }) })
    expect(await gpus.look()).toMatchObject({ kind: 'readings', gpus: [{ index: 0 }, { index: 1 }] })
  })

  it('does not turn to rocm-smi, which names GPUs differently, when amd-smi fails after it has answered', async () => {
    let fails = false
    const gpus = createAmdGpus({
      run: machine({
        'amd-smi': (args) => {
          if (fails) throw new Error('the driver is being loaded')
          return amdSmi(args)
        },
        'rocm-smi': () => fixture('rocm-smi-6.json'),
      }),
    })
    const before = await gpus.look()
    fails = true
    expect(await gpus.look()).toEqual({
      kind: 'failed',
      failure: { kind: 'missing', detail: 'the driver is being loaded' },
    })
    fails = false
    expect(await gpus.look()).toEqual(before)
  })

  it('says that there is no tool, or that it does not answer', async () => {
    expect(await createAmdGpus({ run: machine({}) }).look()).toEqual({
      kind: 'failed',
      failure: { kind: 'missing', detail: 'rocm-smi is not there' },
    })
    const stuck: RunCommand = async () => {
      throw new CommandTimeoutError('stuck')
    }
    expect(await createAmdGpus({ run: stuck, deadlineMs: 5 }).look()).toEqual({
      kind: 'failed',
      failure: { kind: 'stuck', afterMs: 5 },
    })
  })
})

describe('GPUs of two vendors', () => {
  const looks = (look: GpuLook) => ({ look: async () => look })
  const nvidia: GpuLook = { kind: 'readings', gpus: [{ index: 0, uuid: 'GPU-1' }] }
  const amd: GpuLook = { kind: 'readings', gpus: [{ vendor: 'amd', index: 0, uuid: '0x1' }] }
  const missing: GpuLook = { kind: 'failed', failure: { kind: 'missing', detail: 'no tool' } }
  const stuck: GpuLook = { kind: 'failed', failure: { kind: 'stuck', afterMs: 1 } }

  it.each([
    [nvidia, amd, { kind: 'readings', gpus: [...nvidia.gpus, ...amd.gpus] }],
    [nvidia, missing, nvidia],
    [missing, amd, amd],
    [missing, missing, missing],
    // A driver that hangs is a fault of the machine, whatever the other vendor's tool says.
    [stuck, amd, stuck],
  ])('are one look', async (first, second, both) => {
    expect(await bothVendors(looks(first), looks(second)).look()).toEqual(both)
  })
})
