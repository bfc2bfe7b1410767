import { renderMetrics } from '@navarch/metrics/exposition'
import { describe, expect, it } from 'vitest'
import { createLossWatch, type LostRecords, lostRecordsMetric } from './lost-records.ts'

const hour = 3_600_000

function watching(start: Partial<LostRecords> = {}) {
  let lost: LostRecords = { reports: 0, jobEnds: 0, jobStarts: 0, readings: 0, ...start }
  return {
    watch: createLossWatch('n1', () => lost),
    lose: (more: Partial<LostRecords>) => {
      lost = { ...lost, ...more }
    },
  }
}

describe('what an agent had to give up', () => {
  it('is no condition while nothing is lost', () => {
    const { watch } = watching()
    expect(watch.fresh(0)).toEqual([])
    expect(watch.current(0).findings).toEqual([])
  })

  it('is told when it begins, and then with all counts', () => {
    const { watch, lose } = watching()
    lose({ jobEnds: 1 })
    expect(watch.fresh(1000)).toMatchObject([
      { code: 'records-lost', source: 'agent', class: 'watch', fatal: false, at: 1000 },
    ])
    lose({ jobEnds: 3, readings: 12 })
    expect(watch.fresh(2000)).toEqual([])
    expect(watch.current(9 * hour).findings).toMatchObject([
      {
        id: 'n1/records-lost//1000',
        message: expect.stringContaining('given up for want of room: 3 job ends, 12 messages of readings;'),
        evidence: 'report 0, job-end 3, job-start 0, readings 12',
      },
    ])
  })

  it('holds for an hour after the control plane had the last count, and comes again with the next loss', () => {
    const { watch, lose } = watching()
    lose({ reports: 1 })
    watch.fresh(0)
    const tell = (at: number) => {
      const { findings, onDurable } = watch.current(at)
      onDurable(at)
      return findings
    }
    expect(tell(5 * hour)).toHaveLength(1)
    lose({ reports: 2 })
    expect(tell(6 * hour - 1)).toHaveLength(1)
    expect(tell(7 * hour - 2)).toHaveLength(1)
    expect(tell(7 * hour)).toEqual([])
    expect(watch.fresh(7 * hour)).toEqual([])
    lose({ reports: 3 })
    expect(watch.fresh(8 * hour)).toMatchObject([{ at: 8 * hour }])
  })

  it('holds while no report with the last count is confirmed', () => {
    const { watch, lose } = watching()
    lose({ reports: 1 })
    const early = watch.current(0)
    lose({ reports: 2 })
    watch.current(1)
    early.onDurable(2)
    expect(watch.current(9 * hour).findings).toHaveLength(1)
    watch.current(10 * hour).onDurable(10 * hour)
    expect(watch.current(11 * hour).findings).toEqual([])
  })

  it('says nothing of the health of a node that lost readings alone', () => {
    const { watch } = watching({ readings: 1 })
    expect(watch.fresh(0)).toMatchObject([{ class: 'informational', message: expect.stringContaining('1 message of') }])
  })

  it('is a counter of the agent', () => {
    const metric = lostRecordsMetric('n1', { reports: 0, jobEnds: 2, jobStarts: 5, readings: 7 })
    expect(renderMetrics([metric]).split('\n').slice(2, -1)).toEqual([
      'navarch_agent_lost_records_total{Hostname="n1",what="report"} 0',
      'navarch_agent_lost_records_total{Hostname="n1",what="job-end"} 2',
      'navarch_agent_lost_records_total{Hostname="n1",what="job-start"} 5',
      'navarch_agent_lost_records_total{Hostname="n1",what="readings"} 7',
    ])
  })
})
