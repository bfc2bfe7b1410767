import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fieldsToQuery, type GpuReading, parseFieldHelp, parseReading } from './gpu-reading.ts'

const fixture = (name: string): string => readFileSync(new URL(`../fixtures/${name}`, import.meta.url), 'utf8')

function readings(name: string): (GpuReading | undefined)[] {
  const [header = '', ...lines] = fixture(name).trim().split('\n')
  return lines.map((line) => parseReading(line, header.split(',')))
}

describe('parseReading', () => {
  it('reads numbers in the units of their names', () => {
    expect(readings('h100.csv')[0]).toEqual({
      index: 0,
      uuid: 'GPU-5e0c1a52-1a0b-4c3d-9e8f-0123456789ab',
      serial: '1654322000001',
      pciBusId: '00000000:1B:00.0',
      name: 'NVIDIA H100 80GB HBM3',
      driverVersion: '590.48.01',
      persistenceMode: true,
      migMode: false,
      recoveryAction: 'None',
      utilizationPercent: 97,
      memoryTotalBytes: 81_559 * 1024 * 1024,
      memoryUsedBytes: 70_123 * 1024 * 1024,
      temperatureCelsius: 61,
      temperatureMarginCelsius: 25,
      powerWatts: 512.33,
      clockEvents: 4,
      eccUncorrectedVolatile: 0,
      rowRemapPending: false,
      rowRemapFailure: false,
      fabricState: 'Completed',
      fabricStatus: 'Success',
    })
  })

  it('does not take what MIG hides for a zero or a No', () => {
    const [gpu] = readings('h200-mig.csv')
    expect(gpu).toMatchObject({ migMode: true, eccUncorrectedVolatile: 0 })
    for (const key of ['utilizationPercent', 'rowRemapPending', 'rowRemapFailure']) expect(gpu).not.toHaveProperty(key)
  })

  it('reads the names of driver 470', () => {
    expect(readings('a100-470.csv')[0]).toMatchObject({
      powerWatts: 55.12,
      clockEvents: 0x40,
      retiredPagesPending: true,
    })
  })

  it('tells a GPU that needs a reset from a lost one and from a value that failed', () => {
    const [reset, lost, neither] = readings('requires-reset.csv')
    expect(reset).toMatchObject({ index: 0, requiresReset: true })
    expect(lost).toMatchObject({ index: 1, lost: true })
    expect(neither).toEqual({
      index: 2,
      uuid: 'GPU-aa11bb22-cc33-dd44-ee55-000000000002',
      pciBusId: '00000000:48:00.0',
      name: 'NVIDIA A100-SXM4-40GB',
    })
  })

  it('never throws, and makes no number that is none', () => {
    const cell = fc.oneof(fc.string({ maxLength: 12 }), fc.constantFrom('[N/A]', '-1', '1e3', 'NaN', 'Infinity', '0x'))
    fc.assert(
      fc.property(fc.array(cell, { minLength: 3, maxLength: 3 }), (cells) => {
        const reading = parseReading(cells.join(','), ['index', 'temperature.gpu', 'remapped_rows.pending'])
        const numbers = [reading?.index, reading?.temperatureCelsius].filter((value) => value !== undefined)
        expect(numbers.every(Number.isFinite)).toBe(true)
      }),
    )
  })
})

describe('fieldsToQuery', () => {
  it('asks a driver only for names that it knows', () => {
    const known = parseFieldHelp(fixture('a100-470-fields.txt'))
    expect(fieldsToQuery(known).join(',')).toBe(
      'index,uuid,pci.bus_id,name,driver_version,power.draw,clocks_throttle_reasons.active,retired_pages.pending',
    )
  })
})
