import { expect, test } from 'vitest'
import { classifyInventory, classifyReading, classifyToolFailure } from './classify-reading.ts'
import type { GpuObservation } from './gpu-observation.ts'

const context = { node: 'n1', at: 1000 }
const verdicts = (gpu: GpuObservation) =>
  classifyReading({ uuid: 'GPU-1', index: 3, ...gpu }, context).map((finding) => [
    finding.code,
    finding.class,
    finding.fatal,
  ])

test('a GPU of which nothing was reported has no findings', () => {
  expect(verdicts({})).toEqual([])
})

test('a GPU in good order has no findings', () => {
  const good: GpuObservation = {
    recoveryAction: 'none',
    eccUncorrectedVolatile: 0,
    eccUncorrectedAggregate: 0,
    sramThresholdExceeded: false,
    rowRemapPending: false,
    rowRemapFailure: false,
    retiredPagesPending: false,
    temperatureCelsius: 70,
    temperatureMarginCelsius: 17,
    slowdowns: { looks: 40, thermal: 0, powerBrake: 0 },
    fabricState: 'Completed',
    fabricStatus: 'Success',
  }
  expect(verdicts(good)).toEqual([])
})

test.each<[string, GpuObservation, [string, string, boolean][]]>([
  ['lost', { lost: true }, [['gpu-lost', 'drain-replace', true]]],
  ['requires reset', { requiresReset: true }, [['gpu-requires-reset', 'drain-reset', true]]],
  ['recovery action', { recoveryAction: 'reboot' }, [['recovery-action', 'drain-reboot', true]]],
  ['ECC now', { eccUncorrectedVolatile: 2, eccUncorrectedAggregate: 9 }, [['ecc-uncorrected', 'drain-reset', false]]],
  ['ECC once', { eccUncorrectedAggregate: 9 }, [['ecc-uncorrected-lifetime', 'informational', false]]],
  ['SRAM', { sramThresholdExceeded: true }, [['ecc-sram-threshold', 'drain-replace', false]]],
  ['remap failed', { rowRemapFailure: true }, [['row-remap-failure', 'drain-replace', false]]],
  ['remap pending', { rowRemapPending: true }, [['row-remap-pending', 'reset-idle', false]]],
  ['pages pending', { retiredPagesPending: true }, [['retired-pages-pending', 'reset-idle', false]]],
  ['5 degrees left', { temperatureMarginCelsius: 5 }, [['thermal-margin', 'watch', false]]],
  ['6 degrees left', { temperatureMarginCelsius: 6 }, []],
  [
    'lasting heat',
    { slowdowns: { looks: 10, thermal: 6, powerBrake: 0 } },
    [['thermal-slowdown', 'drain-replace', false]],
  ],
  ['short heat', { slowdowns: { looks: 10, thermal: 5, powerBrake: 0 } }, []],
  ['too few looks', { slowdowns: { looks: 5, thermal: 5, powerBrake: 0 } }, []],
  ['power brake', { slowdowns: { looks: 10, thermal: 0, powerBrake: 10 } }, [['power-brake', 'watch', false]]],
  ['fabric failed', { fabricState: 'Completed', fabricStatus: 'Timeout' }, [['fabric-failed', 'drain-reset', false]]],
  ['fabric starting', { fabricState: 'In Progress' }, [['fabric-not-ready', 'watch', false]]],
])('%s', (_, gpu, expected) => {
  expect(verdicts(gpu)).toEqual(expected)
})

test('a finding names its GPU and the value that was read', () => {
  expect(classifyReading({ uuid: 'GPU-1', index: 3, rowRemapFailure: true }, context)).toMatchObject([
    {
      node: 'n1',
      gpuUuid: 'GPU-1',
      gpuIndex: 3,
      evidence: 'remapped_rows.failure: Yes',
      at: 1000,
      source: 'nvidia-smi',
    },
  ])
})

test('GPUs that were registered and are not seen are missing, by UUID', () => {
  expect(classifyInventory(['GPU-1', 'GPU-2'], ['GPU-2', 'GPU-1'], context)).toBeUndefined()
  expect(classifyInventory(['GPU-1', 'GPU-2'], ['GPU-1'], context)).toMatchObject({
    code: 'gpu-missing',
    class: 'drain-replace',
    fatal: false,
    message: '1 of 2 GPUs missing: GPU-2',
  })
})

test.each([
  [1, '1 uncorrectable ECC error since the driver was loaded'],
  [2, '2 uncorrectable ECC errors since the driver was loaded'],
])('%i error of ECC is told as a person would', (eccUncorrectedVolatile, message) => {
  expect(classifyReading({ eccUncorrectedVolatile }, context)).toMatchObject([{ message }])
})

test.each([
  [{ kind: 'stuck', afterMs: 20_000 } as const, 'nvidia-smi-stuck', 'drain-reboot', false],
  [{ kind: 'missing', detail: 'not found' } as const, 'nvidia-smi-missing', 'watch', false],
  [{ kind: 'exit', status: 9, output: '' } as const, 'driver-not-loaded', 'drain-reboot', false],
  [{ kind: 'exit', status: 15, output: '' } as const, 'gpu-lost', 'drain-replace', true],
  [{ kind: 'exit', status: 12, output: 'no libnvidia-ml' } as const, 'nvidia-smi-failed', 'watch', false],
  [
    {
      kind: 'exit',
      status: 255,
      output: 'Unable to determine the device handle for GPU 0000:1A:00.0: GPU is lost.',
    } as const,
    'gpu-lost',
    'drain-replace',
    true,
  ],
])('a look that failed with %o is %s', (failure, code, kind, fatal) => {
  expect(classifyToolFailure(failure, context)).toMatchObject({ code, class: kind, fatal })
})
