import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fields, type GpuReading, parseReading } from '@navarch/gpu/gpu-reading'
import { parseMigList, parseMigXml } from '@navarch/gpu/mig-instances'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { renderMetrics } from '../exposition.ts'
import { dcgmCounters } from './dcgm-counters.ts'
import { type GpuExporterState, gpuExporterMetrics } from './gpu-metrics.ts'
import type { GpuXid } from './gpu-xid.ts'

const fixtures = new URL('../../../gpu/fixtures/', import.meta.url)
const fixture = (name: string): string => readFileSync(new URL(name, fixtures), 'utf8')
function readings(name: string): GpuReading[] {
  const [header = '', ...lines] = fixture(name).trim().split('\n')
  return lines.flatMap((line) => parseReading(line, header.split(',')) ?? [])
}

/** A GPU that answers everything that is asked. */
const complete = Object.fromEntries(
  fields.flatMap(({ names: [name], read }) =>
    Object.entries(read(/mode|pending|failure/.test(name) ? 'Yes' : name === 'pstate' ? 'P0' : '1')),
  ),
) as GpuReading

const now = 1_000_000
const state = (gpus: readonly GpuReading[], more: Partial<GpuExporterState> = {}): GpuExporterState => ({
  ...{ node: 'gpu-1', version: '1.2.3', jobs: new Map(), xids: [], staleAfterMs: 60_000 },
  readings: { at: now - 5000, gpus },
  look: { tookMs: 120, failedInARow: 0 },
  ...more,
})
const textOf = (given: GpuExporterState, at = now) => renderMetrics(gpuExporterMetrics(given, at))
const series = (given: GpuExporterState, name: string) =>
  gpuExporterMetrics(given, now).find((metric) => metric.name === name)?.samples ?? []

describe("a GPU's series", () => {
  const [busy = {}, idle = {}] = readings('h100.csv')
  const labels =
    'gpu="0",UUID="GPU-5e0c1a52-1a0b-4c3d-9e8f-0123456789ab",pci_bus_id="00000000:1B:00.0",device="nvidia0",' +
    'modelName="NVIDIA H100 80GB HBM3",gpu_name="NVIDIA H100 80GB HBM3",Hostname="gpu-1",DCGM_FI_DRIVER_VERSION="590.48.01"'

  it("have dcgm-exporter's names, labels and units", () => {
    const lines = textOf(state([{ ...busy, memoryFreeBytes: 10_885 * 1024 ** 2, energyJoules: 1.5 }])).split('\n')
    for (const value of [
      'DCGM_FI_DEV_GPU_UTIL % 97',
      'DCGM_FI_DEV_FB_USED % 70123',
      'DCGM_FI_DEV_FB_FREE % 10885',
      'DCGM_FI_DEV_FB_TOTAL % 81559',
      'DCGM_FI_DEV_GPU_TEMP % 61',
      'DCGM_FI_DEV_POWER_USAGE % 512.33',
      'DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION % 1500',
      'DCGM_FI_DEV_CLOCKS_EVENT_REASONS % 4',
      'DCGM_FI_DEV_CLOCK_THROTTLE_REASONS % 4',
      'DCGM_FI_DEV_ECC_DBE_VOL_TOTAL % 0',
      'DCGM_FI_DEV_ROW_REMAP_FAILURE % 0',
      'DCGM_FI_DEV_XID_ERRORS % 0',
    ])
      expect(lines).toContain(value.replace(' % ', `{${labels}} `))
    expect(lines).toContain('# TYPE DCGM_FI_DEV_GPU_UTIL gauge')
    expect(lines).toContain('# TYPE DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION counter')
  })

  it('are those that are known, and no others', () => {
    const names = gpuExporterMetrics(state([{ index: 0, uuid: 'GPU-1', temperatureCelsius: 40 }]), now)
      .map(({ name }) => name)
      .filter((name) => name.startsWith('DCGM'))
    expect(names).toEqual(['DCGM_FI_DEV_GPU_TEMP', 'DCGM_FI_DEV_XID_ERRORS'])
  })

  it('never say more than the reading did', () => {
    const keys = ['powerWatts', 'smClockMhz', 'memoryUsedBytes', 'memoryTotalBytes', 'rowRemapPending'] as const
    const some = fc.record(
      { powerWatts: fc.nat(), smClockMhz: fc.nat(), memoryUsedBytes: fc.nat(), rowRemapPending: fc.boolean() },
      { requiredKeys: [] },
    )
    fc.assert(
      fc.property(some, (reading) => {
        const gpu: GpuReading = { index: 0, ...reading }
        const told = dcgmCounters.filter(({ ofGpu }) => ofGpu(gpu) !== undefined).length
        expect(told).toBe(keys.filter((key) => gpu[key] !== undefined).length)
        expect(textOf(state([gpu]))).not.toMatch(/NaN|undefined|null/)
      }),
    )
  })

  it('have the job that has the GPU, once for each job that shares it', () => {
    const jobs = new Map([[busy.uuid ?? '', ['812', '813']]])
    const used = series(state([busy, idle], { jobs }), 'DCGM_FI_DEV_GPU_UTIL')
    expect(used.map(({ labels: { gpu, hpc_job } = {}, value }) => [gpu, hpc_job, value])).toEqual([
      ['0', '812', 97],
      ['0', '813', 97],
      ['1', undefined, 0],
    ])
  })

  it('are not there for AMD, whose GPUs DCGM does not know', () => {
    expect(series(state([{ index: 0, vendor: 'amd', temperatureCelsius: 40 }]), 'DCGM_FI_DEV_GPU_TEMP')).toEqual([])
  })
})

describe('a divided GPU', () => {
  const [gpu = {}] = readings('h200-mig.csv')
  const migInstances =
    parseMigXml(fixture('h200-mig.xml'), parseMigList(fixture('h200-mig-list.txt'))).get(gpu.uuid ?? '') ?? []

  it('tells memory and jobs of each part, and the rest once for the whole', () => {
    const jobs = new Map([['MIG-0a6a6d1c-1111-5b1c-9d1e-2f6f0c8b0002', ['7']]])
    const given = state([{ ...gpu, migInstances }], { jobs })
    const about = (name: string) =>
      series(given, name).map(({ labels: { GPU_I_ID, GPU_I_PROFILE, hpc_job } = {}, value }) => [
        ...[GPU_I_ID, GPU_I_PROFILE, hpc_job, value],
      ])
    expect(about('DCGM_FI_DEV_FB_USED')).toEqual([
      ['2', '3g.71gb', '7', 40_312],
      ['9', '1g.18gb', undefined, 15],
    ])
    expect(about('DCGM_FI_DEV_FB_TOTAL')).toEqual([['2', '3g.71gb', '7', 71_040]])
    expect(about('DCGM_FI_DEV_GPU_TEMP')).toEqual([[undefined, undefined, undefined, 28]])
  })
})

describe('readings that are old', () => {
  const fresh = state(readings('h100.csv'))

  it('leave no series of a GPU, and say how old they are', () => {
    const text = textOf(fresh, now + 60_001)
    expect(text).not.toMatch(/^DCGM|^navarch_agent_gpu_lost|^navarch_agent_gpus/m)
    expect(text).toContain('navarch_agent_gpu_up{Hostname="gpu-1"} 0')
    expect(text).toContain('navarch_agent_gpu_readings_age_seconds{Hostname="gpu-1"} 65.001')
  })

  it('hold on while a look fails, which is told at once', () => {
    const text = textOf({ ...fresh, look: { tookMs: 20_000, failedInARow: 1 } })
    expect(text).toContain('DCGM_FI_DEV_GPU_UTIL')
    expect(text).toContain('navarch_agent_gpu_up{Hostname="gpu-1"} 0')
    expect(text).toContain('navarch_agent_gpu_failed_looks{Hostname="gpu-1"} 1')
  })

  it('are not old because the clock was set back', () => {
    expect(textOf(fresh, 0)).toContain('navarch_agent_gpu_readings_age_seconds{Hostname="gpu-1"} 0')
  })

  it('are not there before the first look, nor is anything said of it', () => {
    const { readings: _readings, look: _look, ...before } = fresh
    expect(textOf(before)).toBe(
      '# HELP navarch_agent_info The agent that answers.\n# TYPE navarch_agent_info gauge\n' +
        'navarch_agent_info{Hostname="gpu-1",version="1.2.3"} 1\n',
    )
  })
})

describe('XID errors', () => {
  const [, gpu = {}] = readings('h100.csv')
  const { index = 0, uuid = '', pciBusId = '' } = gpu
  const xid = (code: number, lastAt: number, count = 1): GpuXid => ({
    ...{ xid: code, count, lastAt, gpu: { index, uuid, pciBusId } },
  })

  it('are told by their last code, and each code by number and time', () => {
    const given = state([gpu], { xids: [xid(79, 2000), xid(31, 1000, 4)] })
    expect(series(given, 'DCGM_FI_DEV_XID_ERRORS').map(({ value }) => value)).toEqual([79])
    const short = { gpu: '1', UUID: uuid, pci_bus_id: pciBusId, Hostname: 'gpu-1' }
    expect(series(given, 'navarch_agent_gpu_xid_errors_total')).toEqual([
      { labels: { ...short, xid: '79' }, value: 1 },
      { labels: { ...short, xid: '31' }, value: 4 },
    ])
    expect(series(given, 'navarch_agent_gpu_xid_last_timestamp_seconds')[0]?.value).toBe(2)
  })

  it('are unknown, and not none, where no kernel log can be read', () => {
    expect(textOf(state([gpu], { xids: undefined }))).not.toMatch(/XID|xid/)
  })

  it('stay while the GPU that had them is lost', () => {
    const lost = state([{ index, uuid, pciBusId, lost: true }], { xids: [xid(79, 2000)] })
    expect(series(lost, 'DCGM_FI_DEV_XID_ERRORS').map(({ value }) => value)).toEqual([79])
    expect(series(lost, 'navarch_agent_gpu_lost').map(({ value }) => value)).toEqual([1])
    expect(series(lost, 'navarch_agent_gpus').map(({ value }) => value)).toEqual([0])
  })
})

describe('conditions', () => {
  it('tell the bits of slowed clocks apart', () => {
    const slowed = series(state([{ index: 0, clockEvents: 0x44 }]), 'navarch_agent_gpu_clocks_slowed')
    expect(slowed.filter(({ value }) => value === 1).map(({ labels }) => labels?.['reason'])).toEqual([
      'sw_power_cap',
      'hw_thermal',
    ])
    expect(series(state([{ index: 0 }]), 'navarch_agent_gpu_clocks_slowed')).toEqual([])
  })

  it('tell the action that the driver asks for', () => {
    const action = (recoveryAction: string) =>
      series(state([{ index: 0, recoveryAction }]), 'navarch_agent_gpu_recovery_action')
    expect(action('None')[0]?.value).toBe(0)
    expect(action('Drain and Reset')[0]).toMatchObject({ labels: { action: 'Drain and Reset' }, value: 1 })
  })
})

describe('all that is told', () => {
  it('is one value for each set of labels: Prometheus refuses a page that has two', () => {
    const gpu = fc.record({
      ...{ index: fc.nat(3), uuid: fc.constantFrom('GPU-a', 'GPU-b'), temperatureCelsius: fc.nat(90) },
      migInstances: fc.array(
        fc.record({ id: fc.nat(3), uuids: fc.array(fc.constantFrom('MIG-a', 'MIG-b')), memoryUsedBytes: fc.nat() }),
      ),
    })
    const gpus = fc.uniqueArray(gpu, { selector: ({ index }) => index, maxLength: 4 }).map((all) =>
      all.map((one) => ({
        ...one,
        pciBusId: `00000000:0${one.index}:00.0`,
        migInstances: [...new Map(one.migInstances.map((part) => [part.id, part])).values()],
      })),
    )
    const ids = fc.uniqueArray(fc.constantFrom('7', '8', '9'))
    const jobs = fc.dictionary(fc.constantFrom('GPU-a', 'MIG-a', 'MIG-b'), ids)
    fc.assert(
      fc.property(gpus, jobs, (all, held) => {
        const given = state(all, { jobs: new Map(Object.entries(held)), xids: [] })
        for (const { name, samples } of gpuExporterMetrics(given, now)) {
          const labels = samples.map((sample) => JSON.stringify(sample.labels))
          expect([name, new Set(labels).size]).toEqual([name, labels.length])
        }
      }),
    )
  })

  it('is in the document, and the document has nothing else', () => {
    const page = readFileSync(new URL('../../../../docs/gpu-exporter.md', import.meta.url), 'utf8')
    const cells = [...page.matchAll(/^\| *(`[^|]*)\|/gm)].map(([, cell = '']) => cell)
    const documented = cells.flatMap((cell) =>
      [...cell.matchAll(/`((?:DCGM_|navarch_)\w+)`/g)].map(([, name = '']) => name),
    )
    const given = state([{ ...complete, energyJoules: 1, index: 0 }], {
      xids: [{ xid: 79, count: 1, lastAt: 1, gpu: {} }],
    })
    const told = gpuExporterMetrics(given, now).map(({ name }) => name)
    expect(documented.toSorted()).toEqual(told.toSorted())
  })
})

const missing = spawnSync('promtool', ['--version']).error ? 'promtool is not installed' : undefined

describe.skipIf(missing)(`the page${missing ? ` (skipped: ${missing})` : ''}`, () => {
  const lint = (text: string) => {
    const { status, stdout, stderr } = spawnSync('promtool', ['check', 'metrics'], { input: text, encoding: 'utf8' })
    return { status, lines: `${stdout}${stderr}`.split('\n').filter((line) => line !== '') }
  }
  const full = textOf(
    state([{ ...readings('h100.csv')[0], smClockMhz: 1, eccCorrectedVolatile: 0, recoveryAction: 'x' }]),
  )

  it('is what promtool takes, and of our own names it says nothing', () => {
    const { lines } = lint(full)
    expect(lines.filter((line) => line.includes('parsing'))).toEqual([])
    expect(lines.filter((line) => line.includes('navarch_'))).toEqual([])
  })

  it("has only the faults of DCGM's own names: a label in camel case, counters without _total", () => {
    const others = lint(full).lines.filter(
      (line) => !/snake_case|should have "_total" suffix|counter metrics should/.test(line),
    )
    expect(others).toEqual([])
  })
})
