import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { formatPciBusId, normalisePciBusId, parsePciBusId } from './pci-bus-id.ts'

describe('normalisePciBusId', () => {
  it.each(['PCI:0000:3b:00', '0000:3b:00', '0000:3b:00.0', '00000000:3B:00.0', '3b:00.0', ' 0000:3B:00.0 '])(
    'gives %j the spelling of NVML',
    (text) => {
      expect(normalisePciBusId(text)).toBe('00000000:3B:00.0')
    },
  )

  it.each(['', 'GPU 0', '0000:3b', '0000:3b:40', '0000:zz:00.0', '0000:3b:00.9'])('refuses %j', (text) => {
    expect(normalisePciBusId(text)).toBeUndefined()
  })

  it('keeps domains apart', () => {
    expect(normalisePciBusId('0008:01:00')).toBe('00000008:01:00.0')
  })

  it('reads back what it writes', () => {
    const pci = fc.record({
      domain: fc.integer({ min: 0, max: 0xffff_ffff }),
      bus: fc.integer({ min: 0, max: 0xff }),
      device: fc.integer({ min: 0, max: 0x1f }),
      function: fc.integer({ min: 0, max: 7 }),
    })
    fc.assert(
      fc.property(pci, (value) => {
        expect(parsePciBusId(formatPciBusId(value))).toEqual(value)
      }),
    )
  })
})
