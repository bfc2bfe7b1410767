import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { expandArrayTasks, parseArrayTasks } from './array-tasks.ts'
import { capabilitiesOf, parseVersion } from './capabilities.ts'
import { formatTimeLimit, parseTimeLimit } from './duration.ts'
import { decodeWaitStatus, formatExitCode, isOutOfMemory, parseExitCode } from './exit-code.ts'
import { countGres, formatGres, parseGresList } from './gres.ts'
import { parseJobState } from './job-state.ts'
import { isLimitReason, parsePendingReason, unavailableNodes } from './pending-reason.ts'
import { parseCount, parseMemory } from './size.ts'
import { SlurmParseError } from './slurm-error.ts'
import { formatTimestamp, parseDiagTimestamp, parseTimestamp } from './timestamp.ts'
import { parseTres } from './tres.ts'

const hour = 3_600_000

describe('times', () => {
  it.each([
    ['1-02:03:04', 26 * hour + 184_000],
    ['02:03:04', 2 * hour + 184_000],
    ['30', hour / 2],
    ['0:11', 11_000],
    ['2-4', 52 * hour],
    ['1-00:30', 24.5 * hour],
    ['UNLIMITED', 'unlimited'],
    ['infinite', 'unlimited'],
    ['NONE', undefined],
    ['N/A', undefined],
    ['', undefined],
  ])('reads the time limit %j', (text, limit) => {
    expect(parseTimeLimit(text)).toBe(limit)
  })

  it('refuses what is no time', () => {
    for (const text of ['1:2:3:4', 'soon', '-5', '1-']) expect(() => parseTimeLimit(text)).toThrow(SlurmParseError)
  })

  it('reads back the limits that it writes', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 400 * 86_400 }), (seconds) => {
        expect(parseTimeLimit(formatTimeLimit(seconds * 1000))).toBe(seconds * 1000)
      }),
    )
  })

  it('reads timestamps in UTC, and words for none', () => {
    expect(parseTimestamp('2026-11-21T04:28:06')).toBe(Date.UTC(2026, 10, 21, 4, 28, 6))
    for (const text of ['Unknown', 'None', 'N/A', '(null)', '']) expect(parseTimestamp(text)).toBeUndefined()
    expect(() => parseTimestamp('yesterday')).toThrow(SlurmParseError)
    expect(parseDiagTimestamp('Sat Nov 21 04:28:10 2026 (1795235290)')).toBe(1795235290000)
    expect(parseDiagTimestamp('Sat Nov 21 04:28:10 2026')).toBe(1795235290000)
    const second = fc.integer({ min: 0, max: 4_000_000_000 })
    fc.assert(
      fc.property(second, (time) => {
        expect(parseTimestamp(formatTimestamp(time * 1000))).toBe(time * 1000)
      }),
    )
  })
})

describe('sizes and resources', () => {
  it.each([
    ['50M', { mb: 50 }],
    ['1.5T', { mb: 1.5 * 1024 * 1024 }],
    ['4000Mc', { mb: 4000, per: 'cpu' }],
    ['512Gn', { mb: 512 * 1024, per: 'node' }],
    ['2048K', { mb: 2 }],
    ['1024', { mb: 1024 }],
    ['0', { mb: 0 }],
    ['UNLIMITED', undefined],
  ])('reads the memory %j', (text, size) => {
    expect(parseMemory(text)).toEqual(size)
  })

  it('reads counts with units, and refuses other sizes', () => {
    expect([parseCount('8'), parseCount('2K'), parseCount('x')]).toEqual([8, 2048, undefined])
    expect(() => parseMemory('5 apples')).toThrow(SlurmParseError)
  })

  it('reads TRES', () => {
    expect(parseTres('cpu=8,mem=1500M,node=1,billing=8,gres/gpu=8,gres/gpu:h100=8,license/matlab=2')).toEqual({
      cpu: 8,
      mem: 1500,
      node: 1,
      billing: 8,
      'gres/gpu': 8,
      'gres/gpu:h100': 8,
      'license/matlab': 2,
    })
    expect(parseTres('(null)')).toEqual({})
    for (const text of ['cpu', '=3', 'cpu=x', 'cpu=1,,mem=2']) expect(() => parseTres(text)).toThrow(SlurmParseError)
  })

  it.each([
    ['gpu:h100:8(S:0-1)', [{ name: 'gpu', type: 'h100', count: 8, sockets: '0-1' }]],
    [
      'gpu:h100:2(IDX:0-1,4),shard:0',
      [
        { name: 'gpu', type: 'h100', count: 2, indexes: '0-1,4' },
        { name: 'shard', count: 0 },
      ],
    ],
    ['gpu:h100:0(IDX:N/A)', [{ name: 'gpu', type: 'h100', count: 0 }]],
    ['gres/gpu:8', [{ name: 'gpu', count: 8 }]],
    ['gres:gpu:4', [{ name: 'gpu', count: 4 }]],
    [
      'gres/gpu:a100=2,gres/shard=3',
      [
        { name: 'gpu', type: 'a100', count: 2 },
        { name: 'shard', count: 3 },
      ],
    ],
    ['gpu', [{ name: 'gpu', count: 1 }]],
    ['gpu:h100', [{ name: 'gpu', type: 'h100', count: 1 }]],
    ['gpu:no_consume:2', [{ name: 'gpu', count: 2 }]],
    ['cpu=2,gres/gpu:1', [{ name: 'gpu', count: 1 }]],
    ['cpu:2', []],
    ['license/matlab:1', []],
    ['gpu:(null):3(IDX:0-2)', [{ name: 'gpu', count: 3, indexes: '0-2' }]],
    [
      'gpu:a100_1g.5gb:7(IDX:0-6),shard:a100:12(2/32,10/32)',
      [
        { name: 'gpu', type: 'a100_1g.5gb', count: 7, indexes: '0-6' },
        { name: 'shard', type: 'a100', count: 12 },
      ],
    ],
    ['(null)', []],
  ])('reads the generic resources %j', (text, list) => {
    expect(parseGresList(text)).toEqual(list)
  })

  it('counts by type, and refuses what is no resource', () => {
    const list = parseGresList('gpu:h100:4,gpu:a100:2,shard:8')
    expect([countGres(list, 'gpu'), countGres(list, 'gpu', 'a100'), countGres(list, 'mps')]).toEqual([6, 2, 0])
    for (const text of [':8', 'gpu:a:b:c:1', 'gpu:(x']) expect(() => parseGresList(text)).toThrow(SlurmParseError)
  })

  it('reads back the resources that it writes', () => {
    const word = fc
      .stringMatching(/^[a-z]{2,6}$/)
      .filter((name) => !/^(cpu|mem|node|bb|gres|vmem|pages|energy)$/.test(name))
    fc.assert(
      fc.property(
        word,
        fc.option(fc.stringMatching(/^[a-z][a-z0-9]{1,4}x$/), { nil: undefined }),
        fc.nat(64),
        (name, type, count) => {
          const gres = type === undefined ? { name, count } : { name, type, count }
          expect(parseGresList(formatGres(gres))).toEqual([gres])
        },
      ),
    )
  })
})

describe('array tasks', () => {
  it.each([
    ['1-9:2', { tasks: '1-9:2', count: 5 }, [1, 3, 5, 7, 9]],
    ['1,3,5-7%4', { tasks: '1,3,5-7', count: 5, limit: 4 }, [1, 3, 5, 6, 7]],
    ['[3-5%2]', { tasks: '3-5', count: 3, limit: 2 }, [3, 4, 5]],
    ['7', { tasks: '7', count: 1 }, [7]],
    ['0-3%0', { tasks: '0-3', count: 4 }, [0, 1, 2, 3]],
  ])('reads %j', (text, parsed, ids) => {
    expect(parseArrayTasks(text)).toEqual(parsed)
    expect(expandArrayTasks(text)).toEqual(ids)
  })

  it('refuses a list that was cut, runs backwards or is too long', () => {
    for (const text of ['1,2,...', '9-1', '1-', '', 'x', '1-9:0'])
      expect(() => parseArrayTasks(text)).toThrow(SlurmParseError)
    expect(parseArrayTasks('0-4000000').count).toBe(4_000_001)
    expect(() => expandArrayTasks('0-4000000000')).toThrow(/more than/)
  })
})

describe('exit codes', () => {
  it.each([
    [0, '0:0', false],
    [256, '1:0', false],
    [9, '0:9', false],
    [139, '0:11', true],
    [253, '0:125', false],
    [768, '3:0', false],
  ])('decodes the wait status %i', (raw, text, coreDumped) => {
    const exit = decodeWaitStatus(raw)
    expect(formatExitCode(exit)).toBe(text)
    expect(exit.coreDumped).toBe(coreDumped)
    expect(parseExitCode(text)).toMatchObject({ status: exit.status, signal: exit.signal })
    expect(isOutOfMemory(exit)).toBe(raw === 253)
  })

  it('refuses other text', () => {
    for (const text of ['', '1', '1:', 'a:b']) expect(() => parseExitCode(text)).toThrow(SlurmParseError)
  })
})

describe('job states and reasons', () => {
  it('reads states as squeue shows them', () => {
    expect(parseJobState('CANCELLED by 1000')).toBe('CANCELLED')
    expect(parseJobState(['RUNNING', 'COMPLETING'])).toBe('COMPLETING')
    expect(parseJobState(['RUNNING', 'CONFIGURING'])).toBe('CONFIGURING')
    expect(parseJobState(['PENDING', 'SOMETHING_NEW'])).toBe('PENDING')
    expect(parseJobState('SOMETHING_NEW')).toBe('UNKNOWN')
  })

  const nodesSentence = 'Nodes required for job are DOWN, DRAINED or reserved for jobs in higher priority partitions'
  it.each([
    ['Resources', { code: 'Resources', known: true }],
    ['(Priority)', { code: 'Priority', known: true }],
    [
      'ReqNodeNotAvail, UnavailableNodes:gone1',
      { code: 'ReqNodeNotAvail', detail: 'UnavailableNodes:gone1', known: true },
    ],
    ['ReqNodeNotAvail,_UnavailableNodes:n2', { code: 'ReqNodeNotAvail', detail: 'UnavailableNodes:n2', known: true }],
    ['ReqNodeNotAvail(Unavailable:n[1-2])', { code: 'ReqNodeNotAvail', detail: '(Unavailable:n[1-2])', known: true }],
    ['RaisedSignal:9(Killed)', { code: 'RaisedSignal', detail: '9(Killed)', known: true }],
    [nodesSentence, { code: 'NodesNotAvailable', detail: nodesSentence, known: true }],
    [nodesSentence.replaceAll(' ', '_'), { code: 'NodesNotAvailable', detail: nodesSentence, known: true }],
    ['launch failed requeued held', { code: 'LaunchFailedHeld', detail: 'launch failed requeued held', known: true }],
    ['QOSMaxGRESPerUser', { code: 'QOSMaxGRESPerUser', known: true }],
    ['AssocGrpCPURunMinutesLimit', { code: 'AssocGrpCPURunMinutesLimit', known: true }],
    ['SomethingNew', { code: 'SomethingNew', known: false }],
    ['a sentence of a plugin', { code: 'Other', detail: 'a sentence of a plugin', known: false }],
    ['', { code: 'None', known: true }],
  ])('reads the reason %j', (text, reason) => {
    expect(parsePendingReason(text)).toEqual(reason)
  })

  it('tells limits and names the nodes that a job waits for', () => {
    expect(['QOSGrpGRES', 'AssocMaxJobsLimit', 'MaxJobsPerAccount', 'Resources'].map(isLimitReason)).toEqual([
      true,
      true,
      true,
      false,
    ])
    expect(unavailableNodes(parsePendingReason('ReqNodeNotAvail, UnavailableNodes:n[1-2],x'))).toBe('n[1-2],x')
    expect(unavailableNodes(parsePendingReason('ReqNodeNotAvail(Unavailable:n1)'))).toBe('n1')
    expect(unavailableNodes(parsePendingReason('ReqNodeNotAvail, May be reserved for other job'))).toBeUndefined()
  })

  it('has a word for any reason', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(parsePendingReason(text).code).toMatch(/^[A-Z][A-Za-z]*$/)
      }),
    )
  })
})

describe('capabilities', () => {
  const of = (text: string) => capabilitiesOf(parseVersion(text))
  it('knows what came when', () => {
    expect(of('slurm-wlm 22.05.8')).toMatchObject({
      scontrolJson: false,
      dynamicNodes: true,
      listsPoweredDownNodes: false,
    })
    expect(of('slurm 23.11.9')).toMatchObject({
      scontrolJson: true,
      listsPoweredDownNodes: true,
      cgroupDisabled: false,
    })
    expect(of('slurm 26.05.3').dataParsers).toEqual(['v0.0.42', 'v0.0.43', 'v0.0.44', 'v0.0.45'])
    expect(of('slurm 22.05.8').dataParsers).toEqual(['v0.0.36', 'v0.0.37', 'v0.0.38'])
  })

  it('warns of what is not tested and refuses what is too old', () => {
    expect(of('slurm 22.05.8').warning).toBeUndefined()
    expect(of('slurm 21.08.8-2').warning).toMatch(/not tested/)
    expect(of('slurm 27.05.0-0rc1').warning).toMatch(/newer/)
    expect(() => of('slurm 20.11.9')).toThrow(/too old/)
    expect(() => parseVersion('bash: scontrol: not found')).toThrow(SlurmParseError)
  })
})
