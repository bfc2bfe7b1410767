import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { finding, fleetNode } from '../../test/builders.ts'
import { type AssessedNode, type Assessment, assessReport, eventMemoryMs, type HealthReport } from './assess.ts'
import { classifyXid } from './classify-xid.ts'
import type { Finding } from './finding.ts'

const policy = { unhealthyThreshold: 2, autoReplace: true }
const report = (findings: Finding[], over: Partial<HealthReport> = {}): HealthReport => ({
  node: 'n1',
  at: 0,
  complete: true,
  bootId: 'boot-1',
  findings,
  ...over,
})
const xid = (code: number, id = `${code}`, at = 0, message = '') =>
  classifyXid({ id, node: 'n1', xid: code, message, evidence: `Xid ${code}`, at, gpuUuid: 'GPU-1' })

/** Judges reports one after the other, as the control plane does. */
function assessAll(reports: HealthReport[], rules = policy, start: AssessedNode = fleetNode('n1')): Assessment[] {
  let node: AssessedNode = start
  return reports.map((next) => {
    const assessment = assessReport(node, next, rules, next.at)
    node = { bootId: next.bootId ?? '', ...assessment }
    return assessment
  })
}
const decisions = (reports: HealthReport[], rules = policy) => assessAll(reports, rules).map((one) => one.decision)

describe('threshold', () => {
  test('a fault drains with the second bad report in a row', () => {
    const bad = report([finding()])
    expect(assessAll([bad, bad])).toMatchObject([
      { health: 'degraded', badReports: 1, decision: 'none' },
      { health: 'unhealthy', badReports: 2, decision: 'drain-and-replace' },
    ])
  })

  test('a good report starts the count again', () => {
    const bad = report([finding()])
    expect(decisions([bad, report([]), bad, report([]), bad])).toEqual(['none', 'none', 'none', 'none', 'none'])
  })

  test('news of a harmless event is no good report', () => {
    const bad = report([finding()])
    const news = report([xid(13)], { complete: false })
    expect(decisions([bad, news, bad])).toEqual(['none', 'none', 'drain-and-replace'])
  })

  test('a threshold of 1 acts at the first report', () => {
    expect(decisions([report([finding()])], { unhealthyThreshold: 1, autoReplace: true })).toEqual([
      'drain-and-replace',
    ])
  })

  test('without autoReplace the node is drained and left to a person', () => {
    expect(decisions([report([xid(79)])], { unhealthyThreshold: 2, autoReplace: false })).toEqual(['drain'])
  })
})

describe('XIDs', () => {
  test('79 needs no second report, complete or not', () => {
    expect(assessAll([report([xid(79)], { complete: false })])).toMatchObject([
      { decision: 'drain-and-replace', health: 'unhealthy', healthReason: 'XID 79: GPU has fallen off the bus' },
    ])
  })

  test('48 acts once a second report finds it still unresolved', () => {
    expect(decisions([report([xid(48)], { complete: false }), report([])])).toEqual(['none', 'drain-and-replace'])
  })

  test('application faults drain nothing, however many', () => {
    const storm = Array.from({ length: 20 }, (_, n) =>
      report([xid(13, `13/${n}`, n), xid(31, `31/${n}`, n)], { at: n }),
    )
    const last = assessAll(storm).at(-1)
    expect(last).toMatchObject({ decision: 'none', health: 'healthy', healthReason: '', badReports: 0 })
    expect(last?.findings.map(({ code, count }) => [code, count])).toEqual([
      ['xid-13', 20],
      ['xid-31', 20],
    ])
  })

  test('a line that comes twice is one finding', () => {
    const line = report([xid(48, 'boot-1/7', 5)], { complete: false })
    const [, second] = assessAll([line, line])
    expect(second).toMatchObject({ newFindings: [], badReports: 1, decision: 'none', findings: [{ count: 1 }] })
  })

  test('an older line that comes again after a newer one is not news', () => {
    const first = xid(48, 'boot-1/7', 5)
    const [, second] = assessAll([
      report([first, xid(48, 'boot-1/9', 6)], { complete: false }),
      report([first], { complete: false }),
    ])
    expect(second).toMatchObject({ newFindings: [], badReports: 1 })
  })

  test('a restart of the machine ends what only a restart can end', () => {
    const [before, after] = assessAll([report([xid(48)]), report([], { bootId: 'boot-2' })])
    expect(before).toMatchObject({ health: 'degraded' })
    expect(after).toMatchObject({ health: 'healthy', findings: [], badReports: 0 })
  })

  test('the driver’s word that nothing is left to do ends a reset that was due on that GPU', () => {
    const text = 'GPU recovery action changed from 0x1 (GPU Reset Required) to 0x0 (None)'
    const [, after] = assessAll([report([xid(48, 'a', 1)]), report([xid(154, 'b', 2, text)])])
    expect(after).toMatchObject({ health: 'healthy', badReports: 0, decision: 'none' })
  })

  test('it ends nothing on another GPU, nor a machine’s loss', () => {
    const cleared = xid(154, 'c', 2, 'GPU recovery action changed from 0x1 (GPU Reset Required) to 0x0 (None)')
    const other = { ...xid(48, 'a', 1), gpuUuid: 'GPU-2' }
    const [, after] = assessAll([report([other, xid(79, 'b', 1)]), report([cleared])])
    expect(after?.findings.map((one) => one.code)).toEqual(['xid-79', 'xid-48', 'recovery-action-none'])
  })

  test('an event that asks for no drain fades after a day; one that does stays', () => {
    const later = report([], { at: eventMemoryMs + 1 })
    const [, after] = assessAll([report([xid(63), xid(48)]), later])
    expect(after?.findings.map((one) => one.code)).toEqual(['xid-48'])
  })
})

describe('conditions', () => {
  test('one that a complete report does not repeat is over', () => {
    expect(assessAll([report([finding()]), report([])])[1]).toMatchObject({ findings: [], health: 'healthy' })
  })

  test('one that goes on is announced once and counted', () => {
    const [first, second] = assessAll([report([finding({ at: 1 })]), report([finding({ at: 2, id: 'other' })])])
    expect(first?.newFindings).toHaveLength(1)
    expect(second).toMatchObject({ newFindings: [], findings: [{ at: 1, lastSeenAt: 2, count: 2 }] })
  })

  test('the gravest one gives the reason', () => {
    const watch = finding({ code: 'thermal-margin', class: 'watch', message: 'hot' })
    expect(assessAll([report([watch, finding({ message: 'broken' })])])[0]).toMatchObject({ healthReason: 'broken' })
  })

  test('something to watch degrades and never drains', () => {
    const watch = report([finding({ code: 'thermal-margin', class: 'watch', message: 'hot' })])
    expect(assessAll([watch, watch, watch])[2]).toMatchObject({ health: 'degraded', decision: 'none', badReports: 0 })
  })
})

test('an event alone makes no unheard node healthy', () => {
  const unheard = fleetNode('n1', { health: 'unknown' })
  expect(assessReport(unheard, report([xid(13)], { complete: false }), policy, 0).health).toBe('unknown')
  expect(assessReport(unheard, report([]), policy, 0).health).toBe('healthy')
})

const anyClass = fc.constantFrom('informational', 'application', 'watch', 'reset-idle', 'drain-reset', 'drain-replace')
const anyReport = fc.record({
  complete: fc.boolean(),
  findings: fc.array(
    fc.record({ class: anyClass, code: fc.constantFrom('a', 'b', 'c'), event: fc.boolean(), fatal: fc.boolean() }),
    { maxLength: 4 },
  ),
})
const anyReports = fc.array(anyReport, { maxLength: 12 }).map((reports) =>
  reports.map(({ complete, findings }, at) =>
    report(
      findings.map(({ event, fatal, ...rest }, n) =>
        finding({
          ...rest,
          id: `${at}/${n}`,
          at,
          source: event ? 'kernel-log' : 'nvidia-smi',
          fatal: fatal && rest.class.startsWith('drain'),
        }),
      ),
      { at, complete },
    ),
  ),
)

test('property: nothing is drained without a finding that asks for it, nor before the threshold unless fatal', () => {
  fc.assert(
    fc.property(anyReports, fc.integer({ min: 1, max: 5 }), (reports, unhealthyThreshold) => {
      for (const one of assessAll(reports, { unhealthyThreshold, autoReplace: true })) {
        if (one.decision === 'none') continue
        const faults = one.findings.filter((active) => active.class.startsWith('drain'))
        expect(faults.length).toBeGreaterThan(0)
        expect(one.badReports >= unhealthyThreshold || faults.some((active) => active.fatal)).toBe(true)
        expect(one.health).toBe('unhealthy')
      }
    }),
  )
})

test('property: the same reports give the same assessments, and judging changes no input', () => {
  fc.assert(
    fc.property(anyReports, (reports) => {
      const before = JSON.stringify(reports)
      expect(assessAll(reports)).toEqual(assessAll(reports))
      expect(JSON.stringify(reports)).toBe(before)
    }),
  )
})

test('property: healthy means that a complete report came and nothing is wrong', () => {
  fc.assert(
    fc.property(anyReports, (reports) => {
      const unheard = fleetNode('n1', { health: 'unknown' })
      for (const [index, one] of assessAll(reports, policy, unheard).entries()) {
        if (one.health !== 'healthy') continue
        expect(reports.slice(0, index + 1).some((sent) => sent.complete)).toBe(true)
        expect(one.findings.every((active) => active.class === 'informational' || active.class === 'application')).toBe(
          true,
        )
      }
    }),
  )
})
