import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createKernelLogParser, type KernelLogEvent } from './kernel-log-line.ts'

const parse = (line: string): KernelLogEvent | undefined => createKernelLogParser()(line)

const lostGpu = 'NVRM: Xid (PCI:0000:3b:00): 79, pid=1234, name=python3, GPU has fallen off the bus.'

describe('createKernelLogParser', () => {
  it('reads code, GPU, process and message', () => {
    expect(parse(lostGpu)).toEqual({
      kind: 'xid',
      xid: 79,
      pciBusId: '00000000:3B:00.0',
      pid: 1234,
      process: 'python3',
      message: 'GPU has fallen off the bus.',
      line: lostGpu,
    })
  })

  it('leaves out an unknown process', () => {
    const event = parse("NVRM: Xid (PCI:0000:05:00): 79, pid='<unknown>', name=<unknown>, GPU has fallen off the bus.")
    expect(event).toMatchObject({ xid: 79, message: 'GPU has fallen off the bus.' })
    expect(event).not.toHaveProperty('pid')
    expect(event).not.toHaveProperty('process')
  })

  it.each([
    ['NVRM: Xid (0000:03:00): 14, Channel 00000001', 14, '00000000:03:00.0', 'Channel 00000001'],
    ['NVRM: Xid (PCI:0000:0f:00): 94, pid=2503421, name=python3, Ch 00000008', 94, '00000000:0F:00.0', 'Ch 00000008'],
    [
      'NVRM: Xid (PCI:0000:10:1c): 63, pid=1896, Row Remapper: New row marked for remapping, reset gpu to activate.',
      63,
      '00000000:10:1C.0',
      'Row Remapper: New row marked for remapping, reset gpu to activate.',
    ],
    [
      'NVRM: Xid (PCI:0008:01:00): 149, NETIR_LINK_EVT  Fatal   XC0 i0 Link 01 (0x021425c6 0x00000000)',
      149,
      '00000008:01:00.0',
      'NETIR_LINK_EVT  Fatal   XC0 i0 Link 01 (0x021425c6 0x00000000)',
    ],
    ['NVRM: Xid (PCI:0000:3b:00.0): 48', 48, '00000000:3B:00.0', ''],
  ])('reads %j', (line, xid, pciBusId, message) => {
    expect(parse(line)).toMatchObject({ kind: 'xid', xid, pciBusId, message, line })
  })

  it("takes the driver's new action out of XID 154", () => {
    const line = 'NVRM: Xid (PCI:0009:01:00): 154, GPU recovery action changed from 0x0 (None) to 0x4 (Drain and Reset)'
    expect(parse(line)).toMatchObject({ xid: 154, recoveryAction: 'Drain and Reset' })
  })

  it('counts a GPU that fell off the bus without a code as XID 79', () => {
    expect(parse('NVRM: GPU 0000:29:00.0: GPU has fallen off the bus.')).toMatchObject({
      xid: 79,
      pciBusId: '00000000:29:00.0',
    })
  })

  it('joins the message that spans three lines', () => {
    const parser = createKernelLogParser()
    expect(parser('NVRM: The NVIDIA GPU 0000:b3:00.0')).toBeUndefined()
    expect(parser('NVRM: (PCI ID: 10de:26b5) installed in this system has')).toBeUndefined()
    const event = parser('NVRM: fallen off the bus and is not responding to commands.')
    expect(event).toMatchObject({ xid: 79, pciBusId: '00000000:B3:00.0' })
    expect(event?.line.split('\n')).toHaveLength(3)
  })

  it('does not take another message about an installed GPU for a lost one', () => {
    const parser = createKernelLogParser()
    parser('NVRM: The NVIDIA GPU 0000:b3:00.0')
    parser('NVRM: (PCI ID: 10de:26b5) installed in this system is')
    expect(parser('NVRM: not supported by open nvidia.ko because it does not include the GSP')).toBeUndefined()
    expect(parser('NVRM: fallen off the bus and is not responding to commands.')).toBeUndefined()
  })

  it('reads NVSwitch faults', () => {
    const line = 'nvidia-nvswitch0: SXid (PCI:0000:a9:00.0): 20034, Fatal, Link 30 LTSSM Fault Up'
    expect(parse(line)).toEqual({
      kind: 'sxid',
      sxid: 20034,
      pciBusId: '00000000:A9:00.0',
      message: 'Fatal, Link 30 LTSSM Fault Up',
      line,
    })
  })

  it.each([
    '[12345.678901] ',
    '[Sat Nov 21 08:00:00 2026] ',
    '<4>[   12.345678] ',
    'Nov 21 08:00:00 gpu-node-001 kernel: ',
    'Nov 21 08:00:00 gpu-node-001 kernel: [12345.678901] ',
    '2026-11-21T08:00:00.123456+00:00 gpu-node-001 kernel: [12345.678901] ',
    '<4>1 2026-11-21T08:00:00Z gpu-node-001 kernel - - - ',
    '4,1234,5678901,-;',
  ])('accepts the prefix %j', (prefix) => {
    expect(parse(prefix + lostGpu)).toMatchObject({ xid: 79, pid: 1234 })
  })

  it.each([
    'Nov 21 08:00:00 gpu-node-001 alice: ',
    'Nov 21 08:00:00 gpu-node-001 python3[12]: the log said ',
    'Nov 21 08:00:00 gpu-node-001 alice: kernel: ',
    'Nov 21 08:00:00 gpu-node-001 alice: [12345.678901] ',
    '2026-11-21T08:00:00.123456+00:00 gpu-node-001 alice[12]: kernel: [12345.678901] ',
    '<13>1 2026-11-21T08:00:00Z gpu-node-001 alice - - - kernel: ',
  ])('does not believe another program that writes %j before it', (prefix) => {
    expect(parse(prefix + lostGpu)).toBeUndefined()
  })

  it.each(['', 'NVRM: loading NVIDIA UNIX x86_64 Kernel Module  590.48.01', 'usb 1-1: new device'])(
    'says nothing of %j',
    (line) => {
      expect(parse(line)).toBeUndefined()
    },
  )

  it('never throws, whatever becomes of a line', () => {
    const mutated = fc
      .tuple(
        fc.constantFrom(
          lostGpu,
          'NVRM: The NVIDIA GPU 0000:b3:00.0',
          'nvidia-nvswitch0: SXid (PCI:0000:a9:00.0): 1, x',
        ),
        fc.nat(90),
        fc.nat(20),
        fc.string({ unit: 'binary', maxLength: 20 }),
      )
      .map(([line, at, length, insert]) => line.slice(0, at) + insert + line.slice(at + length))
    const parser = createKernelLogParser()
    fc.assert(
      fc.property(mutated, (line) => {
        const event = parser(line)
        if (event?.kind === 'xid') expect(Number.isSafeInteger(event.xid)).toBe(true)
      }),
      { numRuns: 1000 },
    )
  })
})
