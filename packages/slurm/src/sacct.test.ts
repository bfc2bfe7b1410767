import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type AccountedJob, numberRuns } from './accounted-job.ts'
import { capabilitiesOf, parseVersion } from './capabilities.ts'
import { parseCpuTime } from './duration.ts'
import { parseSacct, sacctFormat } from './sacct.ts'
import { SlurmParseError } from './slurm-error.ts'

const format = sacctFormat(capabilitiesOf(parseVersion('slurm 24.11.5')), '5d1c')

/** A line of sacct: fields by name, the rest empty. */
function line(fields: Record<string, string>): string {
  return `${format.fields.map((name) => fields[name] ?? '').join(format.delimiter)}\n`
}
const job = (fields: Record<string, string>) =>
  line({ JobIDRaw: '7', JobID: '7', State: 'COMPLETED', ExitCode: '0:0', User: 'ada', JobName: 'a', ...fields })

describe('parseSacct', () => {
  it('asks for the name last, and for what the release has', () => {
    expect(format.fields.at(-1)).toBe('JobName')
    expect(format.fields).toContain('Restarts')
    expect(sacctFormat(capabilitiesOf(parseVersion('22.05.8')), '').fields).not.toContain('Restarts')
  })

  it('takes the largest resident set of the steps, and no CPU time of 0 for a measurement', () => {
    const text =
      job({ TotalCPU: '00:00:00' }) +
      line({ JobIDRaw: '7.batch', MaxRSS: '10812K' }) +
      line({ JobIDRaw: '7.0', MaxRSS: '1.5M' })
    expect(parseSacct(text, format)[0]).toMatchObject({ id: 7, maxRssBytes: 10_812 * 1024, restarts: 0 })
    expect(parseSacct(text, format)[0]).not.toHaveProperty('cpuSeconds')
  })

  it('does not take what a name holds for a record', () => {
    const forged = 'x\n8\x1f8\x1fFAILED\n9.batch'
    const runs = parseSacct(job({ JobName: forged }) + job({ JobIDRaw: '8', JobID: '8' }), format)
    expect(runs.map(({ id, name, state }) => [id, name, state])).toEqual([
      [7, forged, 'COMPLETED'],
      [8, 'a', 'COMPLETED'],
    ])
  })

  it('leaves out the start of a job that never ran, and the exit of one that runs', () => {
    const [never] = parseSacct(
      job({ State: 'CANCELLED by 0', Start: '2026-11-21T12:00:00', NodeList: 'None assigned' }),
      format,
    )
    expect(never).toMatchObject({ state: 'CANCELLED', exit: { status: 0, signal: 0 } })
    expect(never).not.toHaveProperty('startTime')
    expect(never).not.toHaveProperty('nodes')
    expect(parseSacct(job({ State: 'RUNNING', NodeList: 'n1' }), format)[0]).not.toHaveProperty('exit')
  })

  it('reads any text, or says what does not fit', () => {
    fc.assert(
      fc.property(fc.string(), fc.nat(300), (noise, at) => {
        const text = job({ JobName: 'a\nb' })
        try {
          parseSacct(text.slice(0, at) + noise + text.slice(at), format)
        } catch (error) {
          expect(error).toBeInstanceOf(SlurmParseError)
        }
      }),
    )
    expect(parseSacct('', format)).toEqual([])
    expect(() => parseSacct('hello\n', format)).toThrow('does not begin with a job')
  })
})

describe('numberRuns', () => {
  const run = (submitTime: number, endTime?: number): AccountedJob => ({
    id: 7,
    name: 'a',
    state: 'REQUEUED',
    submitTime,
    requested: {},
    allocated: {},
    ...(endTime !== undefined && { endTime }),
  })
  const day = 86_400_000

  it('counts runs in the order in which they were submitted', () => {
    expect(
      numberRuns([run(2000, 3000), run(1000, 2000), run(3000)]).map((found) => [found.submitTime, found.restarts]),
    ).toEqual([
      [1000, 0],
      [2000, 1],
      [3000, 2],
    ])
  })

  it('knows an id that was used again by the time between', () => {
    expect(
      numberRuns([run(0, 1000), run(100 * day, 100 * day + 5), run(100 * day + 5)]).map((found) => found.restarts),
    ).toEqual([0, 1])
  })
})

it('reads CPU times', () => {
  const texts = ['00:00.497', '12:34', '01:02:03', '1-02:03:04.5', '']
  expect(texts.map(parseCpuTime)).toEqual([0.497, 754, 3723, 93_784.5, undefined])
  expect(() => parseCpuTime('soon')).toThrow(SlurmParseError)
})
