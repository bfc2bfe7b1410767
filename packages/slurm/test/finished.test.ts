import { describe, expect, it } from 'vitest'
import { capabilitiesOf, parseVersion } from '../src/capabilities.ts'
import { isFinished } from '../src/job-state.ts'
import { parseAccountedJobsJson } from '../src/json/json-accounted-jobs.ts'
import { parseJobsJson } from '../src/json/json-jobs.ts'
import { parseSacct, sacctFormat } from '../src/sacct.ts'
import { parseSqueue, squeueFormat } from '../src/squeue.ts'
import { captureNames, type Release, rawCapture } from './captures.ts'

/** What one and the same scenario left behind: each job's end. */
const ends: Readonly<Record<number, [state: string, status: number, signal: number]>> = {
  18: ['CANCELLED', 0, 15],
  21: ['CANCELLED', 0, 0],
  22: ['CANCELLED', 0, 0],
  23: ['COMPLETED', 0, 0],
  24: ['FAILED', 3, 0],
  25: ['FAILED', 0, 9],
  26: ['COMPLETED', 0, 0],
  27: ['COMPLETED', 0, 0],
  28: ['FAILED', 5, 0],
}

const captured: [Release, string][] = [
  ['22.05', '22.05.8'],
  ['24.11', '24.11.5'],
  ['26.05', '26.05.5'],
]

describe.each(captured)('ended jobs of Slurm %s', (release, version) => {
  const capabilities = capabilitiesOf(parseVersion(version))
  const { jobs, errors } = parseSqueue(rawCapture(release, 'finished-squeue.txt'), squeueFormat(capabilities, '5d1c'))
  const runs = parseSacct(rawCapture(release, 'finished-sacct.txt'), sacctFormat(capabilities, '5d1c'))
  const job = (id: number) => jobs.find((candidate) => candidate.id === id)
  const run = (id: number, restarts = 0) => runs.find((found) => found.id === id && found.restarts === restarts)

  it('have their state and exit status in squeue', () => {
    expect(errors).toEqual([])
    for (const [id, [state, status, signal]] of Object.entries(ends))
      expect(job(Number(id)), id).toMatchObject({ state, exit: { status, signal } })
    expect(job(19)).toMatchObject({ state: 'TIMEOUT', reason: { code: 'TimeLimit' }, exit: { signal: 15 } })
    expect(job(20)).toMatchObject({ state: 'PENDING', restarts: 1 })
    expect(job(20)).not.toHaveProperty('exit')
    expect(job(27)?.name).toBe('odd|name\n7|COMPLETED|0:0')
    expect(job(22)?.array).toMatchObject({ jobId: 22, tasks: '1-3', count: 3 })
    expect(job(24)).toMatchObject({ nodes: 'n1', tres: { 'gres/gpu': 2 } })
  })

  it('agree in accounting, but for the exit status of a cancel and a time limit', () => {
    for (const ended of jobs.filter(({ id, state }) => id >= 18 && isFinished(state))) {
      const found = run(ended.id, ended.restarts)
      expect(found, String(ended.id)).toMatchObject({ state: ended.state, endTime: ended.endTime, user: ended.user })
      expect(found?.nodes).toBe(ended.nodes)
      if (ended.nodes !== undefined) expect(found?.startTime).toBe(ended.startTime)
      if (ended.state === 'FAILED') expect(found?.exit).toMatchObject({ ...ended.exit })
    }
    expect(run(27)?.name).toBe('odd|name\n7|COMPLETED|0:0')
  })

  it('have every run of a requeued job, and the use of its steps, in accounting', () => {
    expect(run(20, 0)).toMatchObject({ state: 'REQUEUED', nodes: 'n1' })
    expect(run(20, 1)?.state).not.toBe('REQUEUED')
    expect(run(24)?.cpuSeconds).toBeGreaterThan(0.3)
    expect(run(24)?.cpuSeconds).toBeLessThan(0.6)
    expect(run(24)?.maxRssBytes).toBeGreaterThan(1_000_000)
    expect(run(24)?.allocated).toMatchObject({ cpu: 2, 'gres/gpu': 2, node: 1 })
  })

  it('have unique ids where the release has them', () => {
    const [inQueue, inAccounting] = [job(24)?.sluid, run(24)?.sluid]
    expect(inQueue === undefined).toBe(release !== '26.05')
    expect(inAccounting === undefined).toBe(release === '22.05')
    for (const id of [inQueue, inAccounting]) if (id !== undefined) expect(id).toMatch(/^s[0-9A-HJKMNP-TV-Z]{13}$/)
  })

  it('are the same by slurmrestd', () => {
    const [name = ''] = captureNames(release, /^finished-slurmrestd/)
    const served = parseJobsJson(rawCapture(release, name))
    expect(served.map(({ id }) => id)).toEqual(expect.arrayContaining([18, 19, 20, 24, 25]))
    for (const other of served) {
      const { state, exit, nodes, restarts } = job(other.id) ?? {}
      if (other.id === 33) continue
      expect({ state: other.state, exit: other.exit, nodes: other.nodes, restarts: other.restarts }).toEqual({
        state,
        exit,
        nodes,
        restarts,
      })
    }
  })

  it('are the same by accounting over slurmrestd, but for the exit status in 22.05', () => {
    for (const [id, pattern] of [
      [20, /^slurmdb-.*-job-20/],
      [24, /^slurmdb-.*-job-24/],
    ] as const) {
      const [name = ''] = captureNames(release, pattern)
      const served = parseAccountedJobsJson(rawCapture(release, name))
      const expected = runs.filter((found) => found.id === id)
      expect(served.map(({ restarts }) => restarts)).toEqual(expected.map(({ restarts }) => restarts))
      for (const [index, other] of served.entries()) {
        const same = expected[index]
        if (!same) continue
        const { cpuSeconds, exit, sluid, maxRssBytes, submitTime, ...rest } = same
        if (rest.state === 'PENDING' || rest.state === 'RUNNING') continue
        expect(other).toMatchObject({ ...rest })
        if (cpuSeconds !== undefined) expect(Math.abs((other.cpuSeconds ?? 0) - cpuSeconds)).toBeLessThan(0.002)
        if (other.exit) expect(other.exit).toEqual(exit)
        else if (exit) expect(release).toBe('22.05')
      }
    }
  })
})
