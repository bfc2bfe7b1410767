import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { capabilitiesOf, parseVersion } from './capabilities.ts'
import { parseExcludedNodes, parseSqueue, type SqueueFormat, squeueFormat } from './squeue.ts'

const printed = readFileSync(new URL('../fixtures/22.05/squeue-fields.txt', import.meta.url), 'utf8')
const full = squeueFormat(capabilitiesOf(parseVersion('slurm-wlm 22.05.8')))
const newestFull = squeueFormat(capabilitiesOf(parseVersion('slurm 26.05.5')))
/** The captures squeue-fields.txt are older than these fields; finished-squeue.txt has them. */
const older = (format: SqueueFormat): SqueueFormat => ({
  ...format,
  fields: format.fields.filter((name) => name !== 'exit_code' && name !== 'SLUID'),
})
const format = older(full)
const newest = older(newestFull)

describe('parseSqueue', () => {
  const { jobs, errors } = parseSqueue(printed, format, parseExcludedNodes('6\x1fn2\x1e\n7\x1f\x1e\n8\x1f(null)\x1e\n'))
  const job = (id: number) => jobs.find((candidate) => candidate.id === id)

  it('reads every job that squeue printed', () => {
    expect(errors).toEqual([])
    expect(jobs).toHaveLength(printed.split('\x1e\n').length - 1)
    expect(jobs.every((candidate) => candidate.reason.known && candidate.state !== 'UNKNOWN')).toBe(true)
  })

  it('keeps a name with a line break, quotes and separators in one record', () => {
    expect(job(7)?.name).toBe('line\ntwo')
    expect(job(1)?.name).toBe('odd|"na=me')
    const forged = printed.replace('odd|"na=me', 'odd\x1fname')
    expect(parseSqueue(forged, format).jobs.find((candidate) => candidate.id === 1)?.name).toBe('odd\x1fname')
  })

  it('counts the tasks of an array without expanding it', () => {
    expect(job(5)?.array).toEqual({ jobId: 5, tasks: '0-400', count: 401, limit: 7 })
    expect(job(4)?.array).toEqual({ jobId: 4, tasks: '5,7,9', count: 3, limit: 2 })
    expect(job(12)?.array).toEqual({ jobId: 4, tasks: '1', count: 1 })
  })

  it('reads GPUs per job, node, socket and task', () => {
    expect(job(2)?.request.gresPerJob).toEqual([{ name: 'gpu', count: 12 }])
    expect(job(8)?.request.gresPerNode).toEqual([{ name: 'gpu', type: 'h100', count: 4 }])
    expect(job(9)?.request.gresPerSocket).toEqual([{ name: 'gpu', count: 1 }])
    expect(job(3)?.request.gresPerTask).toEqual([{ name: 'gpu', count: 2 }])
  })

  it('reads node ranges, constraints, node lists and sharing', () => {
    expect(job(11)?.request).toMatchObject({ nodesMin: 2, nodesMax: 4, memoryPerCpuMb: 100 })
    expect(job(2)?.request.nodesMax).toBeUndefined()
    expect(job(6)?.request).toMatchObject({
      features: 'hopper&ib',
      requiredNodes: 'n1',
      excludedNodes: 'n2',
      exclusive: 'yes',
    })
    expect(job(8)?.het).toEqual({ jobId: 8, offset: 0 })
    expect(job(9)?.het).toEqual({ jobId: 8, offset: 1 })
  })

  it('does not take the former nodes of a requeued job for an allocation', () => {
    expect(job(12)).toMatchObject({ state: 'CONFIGURING', nodes: 'cloud-001' })
    const requeued = parseSqueue(printed.replaceAll('CONFIGURING', 'PENDING'), format)
    expect(requeued.jobs.find((candidate) => candidate.id === 12)?.nodes).toBeUndefined()
  })

  it('reads the same queue from 26.05, where sharing and excluded nodes have fields of their own', () => {
    const other = readFileSync(new URL('../fixtures/26.05/squeue-fields.txt', import.meta.url), 'utf8')
    const result = parseSqueue(other, newest)
    expect(result.errors).toEqual([])
    const request = (id: number) => result.jobs.find((candidate) => candidate.id === id)?.request
    expect(request(2)?.gresPerJob).toEqual([{ name: 'gpu', count: 12 }])
    expect(request(6)).toMatchObject({ exclusive: 'yes', excludedNodes: 'n2', requiredNodes: 'n1' })
    expect([request(2)?.exclusive, request(7)?.exclusive]).toEqual(['no', 'no'])
    expect(result.jobs.map((candidate) => candidate.name)).toEqual(expect.arrayContaining(['line\ntwo', 'odd|"na=me']))
  })

  it('reports a record with too few fields, and keeps the others', () => {
    const broken = parseSqueue(`99\x1fhalf\x1e\n${printed}`, format)
    expect(broken.jobs).toHaveLength(jobs.length)
    expect(broken.errors[0]?.message).toMatch(new RegExp(`2 fields instead of ${format.fields.length}`))
  })

  it('asks each release for the fields that it knows, once, the name last', () => {
    expect(newestFull.fields.filter((field) => !full.fields.includes(field))).toEqual([
      'Exclusive',
      'ExcNodes',
      'SLUID',
    ])
    expect([format.excludedArguments?.length, newest.excludedArguments]).toEqual([6, undefined])
    for (const { fields } of [full, newestFull]) {
      expect(new Set(fields).size).toBe(fields.length)
      expect(fields.at(-1)).toBe('Name')
    }
    expect(parseSqueue('', format)).toEqual({ jobs: [], errors: [] })
  })

  it('answers any damage with errors, never with an exception', () => {
    fc.assert(
      fc.property(fc.nat(printed.length - 1), fc.nat(40), fc.string({ maxLength: 5 }), (at, length, text) => {
        const result = parseSqueue(printed.slice(0, at) + text + printed.slice(at + length), format)
        expect(result.jobs.length + result.errors.length).toBeGreaterThan(0)
      }),
    )
  })
})
