import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { HookRecordError, hookEvents, parseHookRecord } from './record.ts'

const bytesOf = (...texts: string[]) => new TextEncoder().encode(texts.map((text) => `${text}\0`).join(''))
const head = ['NAVARCH_HOOK=1', 'NAVARCH_EVENT=prolog', 'NAVARCH_AT=']

describe('a record of a hook', () => {
  it('has the event, its time and the variables', () => {
    const record = parseHookRecord(
      bytesOf('NAVARCH_HOOK=1', 'NAVARCH_EVENT=epilog', 'NAVARCH_AT=1795235172.5', 'SLURM_JOB_ID=7', 'A=b=c', 'END'),
    )
    expect(record).toEqual({ event: 'epilog', at: 1795235172.5, environment: { SLURM_JOB_ID: '7', A: 'b=c' } })
  })

  it('has no time where the shell has no clock', () => {
    expect(parseHookRecord(bytesOf(...head, 'END'))).toEqual({ event: 'prolog', environment: {} })
  })

  it('keeps line breaks and quotes, and marks bytes that are not UTF-8', () => {
    const bytes = Uint8Array.from([
      ...bytesOf(...head),
      ...bytesOf('A=1\n"2"\n').slice(0, -1),
      0xff,
      0,
      0x45,
      0x4e,
      0x44,
      0,
    ])
    expect(parseHookRecord(bytes)).toMatchObject({ environment: { A: '1\n"2"\n\ufffd' } })
  })

  it('of which a part is missing is incomplete, wherever it was cut', () => {
    const whole = bytesOf(...head, 'SLURM_JOB_NAME=END', 'SLURM_JOB_ID=7', 'END')
    for (let length = 0; length < whole.length; length++)
      expect(parseHookRecord(whole.subarray(0, length))).toBe('incomplete')
  })

  it.each([
    [['NAVARCH_HOOK=2'], 'byte 13: NAVARCH_HOOK "2" must be 1, the only version of records that is known'],
    [['#!/bin/sh'], 'byte 0: "#!/bin/sh" where NAVARCH_HOOK=… must be'],
    [['NAVARCH_HOOK=1', 'NAVARCH_EVENT=x'], 'byte 29: NAVARCH_EVENT "x" must be one of prolog, epilog,'],
    [[...head.slice(0, 2), 'NAVARCH_AT=soon'], 'byte 47: NAVARCH_AT "soon" must be seconds since the epoch, or empty'],
    [[...head, 'no equals sign', 'END'], 'byte 48: "no equals sign" is not NAME=value'],
    [[...head, 'A=1', 'A=2', 'END'], 'byte 52: A comes twice'],
    [[...head, 'END', 'A=2'], 'byte 48: something follows the END'],
  ])('that is wrong is refused with its place: %j', (texts, message) => {
    expect(() => parseHookRecord(bytesOf(...texts))).toThrow(HookRecordError)
    expect(() => parseHookRecord(bytesOf(...texts))).toThrow(message)
  })

  it('takes names of variables that objects have by themselves', () => {
    const record = parseHookRecord(bytesOf(...head, '__proto__=1', 'END'))
    expect(Object.entries(record === 'incomplete' ? {} : record.environment)).toEqual([['__proto__', '1']])
  })
})

describe('whatever comes', () => {
  const value = fc.string({ unit: 'binary' }).filter((text) => !text.includes('\0'))
  const variables = fc.dictionary(fc.stringMatching(/^[A-Z_][A-Z0-9_]{0,20}$/), value, { noNullPrototype: true })

  it('every record that is written is read as it was', () => {
    fc.assert(
      fc.property(fc.constantFrom(...hookEvents), fc.option(fc.nat()), variables, (event, at, environment) => {
        const lines = Object.entries(environment).map(([name, text]) => `${name}=${text}`)
        const bytes = bytesOf('NAVARCH_HOOK=1', `NAVARCH_EVENT=${event}`, `NAVARCH_AT=${at ?? ''}`, ...lines, 'END')
        expect(parseHookRecord(bytes)).toEqual({ event, ...(at !== null && { at }), environment })
        expect(parseHookRecord(bytes.subarray(0, -1))).toBe('incomplete')
      }),
    )
  })

  it('any bytes are a record, the beginning of one, or an error with a place', () => {
    const mutated = fc
      .tuple(variables, fc.array(fc.tuple(fc.nat(200), fc.nat(255)), { maxLength: 3 }))
      .map(([environment, changes]) => {
        const bytes = bytesOf(...head, ...Object.entries(environment).map(([name, text]) => `${name}=${text}`), 'END')
        for (const [at, byte] of changes) if (at < bytes.length) bytes[at] = byte
        return bytes
      })
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 200 }), mutated), (bytes) => {
        try {
          const record = parseHookRecord(bytes)
          if (record !== 'incomplete') expect(hookEvents).toContain(record.event)
        } catch (error) {
          expect(error).toBeInstanceOf(HookRecordError)
          expect(String(error)).toMatch(/^HookRecordError: byte \d+: /)
        }
      }),
    )
  })
})
