import { readdirSync, readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  CgroupFileError,
  countCpus,
  parseBlkio,
  parseIoStat,
  parseKeyed,
  parseNumber,
  parsePressure,
  parseProcs,
} from './files.ts'
import { parseProcessStat } from './proc-files.ts'

const fixtures = new URL('../fixtures/', import.meta.url)
const capture = (path: string) => readFileSync(new URL(path, fixtures), 'utf8')

/** The parser of each kind of file, by what its name matches. */
const parsers: [RegExp, (text: string, file: string) => unknown][] = [
  [/pressure$/, parsePressure],
  [/^io\.stat$/, parseIoStat],
  [/^blkio/, parseBlkio],
  [/cpus/, countCpus],
  [/procs$/, parseProcs],
  [/^(cpu|memory)\.(stat|events)$|^cpuacct\.stat$|oom_control$|^cgroup\.events$/, parseKeyed],
  [/./, parseNumber],
]
const parserOf = (name: string) => parsers.find(([pattern]) => pattern.test(name))?.[1] ?? parseNumber
const captures = readdirSync(fixtures, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile() && !entry.name.endsWith('.md'))
  .map(({ name, parentPath }) => ({
    name,
    path: `${parentPath}/${name}`,
    text: readFileSync(`${parentPath}/${name}`, 'utf8'),
  }))

describe('parsers of control group files', () => {
  it.each(captures)('read $path whole', ({ name, text }) => {
    expect(() => parserOf(name)(text, name)).not.toThrow()
  })

  it('read values in their units', () => {
    expect(parseKeyed('usage_usec 7\nuser_usec 5\n', 'cpu.stat').get('user_usec')).toBe(5)
    expect(parseKeyed(capture('v1-6.18/memory.stat'), 'memory.stat').get('total_rss')).toBe(24_465_408)
    expect(parsePressure('some avg10=0.16 avg60=1.11 avg300=2.09 total=1144376504\n', 'cpu.pressure')).toEqual({
      someSeconds: 1144.376504,
    })
    expect(parseNumber('9223372036854771712\n', 'memory.limit_in_bytes')).toBeGreaterThan(2 ** 62)
    expect(countCpus('0-3,8,10-11\n', 'cpuset.cpus.effective')).toBe(7)
    expect(parseProcs('12\n0\n', 'cgroup.procs')).toEqual([12, 0])
  })

  it('know no limit and no cpuset as unknown', () => {
    expect(parseNumber('max\n', 'memory.max')).toBeUndefined()
    expect(countCpus('\n', 'cpuset.cpus')).toBeUndefined()
  })

  it('add up devices, also those without values and several on a line', () => {
    const text =
      '8:16 8:0 rbytes=10 wbytes=2 rios=1 wios=1 dbytes=0 dios=0\n253:0 \n259:0 rbytes=5 wbytes=0 rios=1 wios=0\n'
    expect(parseIoStat(text, 'io.stat')).toEqual({ readBytes: 15, writeBytes: 2 })
    expect(parseBlkio('8:0 Read 10\n8:0 Write 2\n8:0 Total 12\nTotal 12\n', 'blkio')).toEqual({
      readBytes: 10,
      writeBytes: 2,
    })
  })

  it.each([
    [parseKeyed, 'usage_usec 12\nuser_usec x1\n', 'cpu.stat:2: "x1" is not a whole number'],
    [parseKeyed, 'usage_usec 12\nuser_usec 1', 'cpu.stat:2: "user_usec 1" is not a whole line'],
    [parseKeyed, 'populated\n', 'cpu.stat:1: "populated" is not a name and a number'],
    [parseNumber, '-5\n', 'cpu.stat:1: "-5" is not a whole number'],
    [parseNumber, '', 'cpu.stat:1: "" is not one line'],
    [parsePressure, 'some avg10=0.00 total=1\n', 'is not a line of pressure'],
    [parseIoStat, '8:0 rbytes=abc\n', 'cpu.stat:1: "abc" is not a whole number'],
    [countCpus, '3-1\n', 'cpu.stat:1: "3-1" is not a list of CPUs'],
  ] as const)('%o refuses %j and says where', (parse, text, message) => {
    expect(() => parse(text, 'cpu.stat')).toThrow(message)
  })

  it('give a value or their own error, whatever was changed in a file', () => {
    const mutation = fc.record({
      at: fc.nat(),
      cut: fc.nat(12),
      add: fc.oneof(fc.string({ maxLength: 4 }), fc.constantFrom('max', '-1', '1e9', 'NaN', '\n', ' ', '0x1')),
    })
    fc.assert(
      fc.property(fc.constantFrom(...captures), mutation, ({ name, text }, { at, cut, add }) => {
        const from = at % (text.length + 1)
        const mutated = text.slice(0, from) + add + text.slice(from + cut)
        let value: unknown
        try {
          value = parserOf(name)(mutated, name)
        } catch (error) {
          expect(error).toBeInstanceOf(CgroupFileError)
          expect(String(error)).toContain(`${name}:`)
          return
        }
        const numbers = value instanceof Map ? [...value.values()] : Object.values(Object(value))
        for (const number of numbers) expect(number).toBeGreaterThanOrEqual(0)
      }),
      { numRuns: 2000 },
    )
  })
})

describe('parseProcessStat', () => {
  it('reads this process', () => {
    const stat = parseProcessStat(readFileSync('/proc/self/stat', 'utf8'), '/proc/self/stat')
    expect(stat).toMatchObject({ pid: process.pid, parent: process.ppid })
    expect(stat.user).toBeGreaterThan(0)
  })

  it('is not misled by a name', () => {
    const name = 'a) R 1 1\n(b'
    const stat = parseProcessStat(
      `42 (${name}) S 7 42 42 0 -1 4194560 100 0 0 0 150 50 10 5 20 0 1 0 900 1 1\n`,
      'stat',
    )
    expect(stat).toEqual({
      ...{ pid: 42, parent: 7, user: 1.5, system: 0.5, childrenUser: 0.1, childrenSystem: 0.05, startedAfterBoot: 9 },
    })
  })

  it('refuses what is cut short', () => {
    expect(() => parseProcessStat('42 (sh) S 7 42', '/proc/42/stat')).toThrow('/proc/42/stat:1:')
  })
})
