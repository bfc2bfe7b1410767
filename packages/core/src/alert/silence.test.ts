import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { formatMatcher, type Matcher, matches, parseMatcher, type Silence, silenceOf, silenceState } from './silence.ts'
import { alertOf } from './test-alerts.ts'

const alert = alertOf({ labels: { node: 'gpu-17', pool: 'train' } })
const silence = (change: Partial<Silence> = {}): Silence => ({
  id: 's1',
  matchers: [{ label: 'node', op: '=', value: 'gpu-17' }],
  reason: 'new fan',
  by: 'ana',
  createdAt: 0,
  startsAt: 0,
  endsAt: 100,
  ...change,
})

describe('matchers', () => {
  it.each([
    ['node=gpu-17', true],
    ['node=gpu-1', false],
    ['node!=gpu-1', true],
    ['node=~"gpu-1.*"', true],
    ['node=~gpu-1', false],
    ['node!~"gpu-1.*"', false],
    ['rule=Hot', true],
    ['alertname=Hot', true],
    ['severity=~warning|critical', true],
    ['rack=', true],
    ['rack!=', false],
  ])('%s', (text, expected) => {
    const matcher = parseMatcher(text)
    expect(matcher && matches([matcher], alert)).toBe(expected)
  })

  it('must all match', () => {
    const both: Matcher[] = [
      { label: 'node', op: '=', value: 'gpu-17' },
      { label: 'pool', op: '=', value: 'dev' },
    ]
    expect(matches(both, alert)).toBe(false)
    expect(matches([], alert)).toBe(true)
  })

  it('with a pattern that is not allowed match nothing', () => {
    expect(matches([{ label: 'node', op: '=~', value: '(g+)+' }], alert)).toBe(false)
    expect(matches([{ label: 'node', op: '!~', value: '(g+)+' }], alert)).toBe(false)
  })

  it('are read as they are shown', () => {
    const op = fc.constantFrom<Matcher['op']>('=', '!=', '=~', '!~')
    fc.assert(
      fc.property(op, fc.stringMatching(/^[\w.:/*|-]{0,20}$/), (operator, value) => {
        const matcher: Matcher = { label: 'node', op: operator, value }
        expect(parseMatcher(formatMatcher(matcher))).toEqual(matcher)
      }),
    )
  })

  it.each(['node', '=x', '1x=y', ''])('are no "%s"', (text) => {
    expect(parseMatcher(text)).toBeUndefined()
  })
})

describe('a silence', () => {
  it('waits, is active and is over', () => {
    const later = silence({ startsAt: 10, endsAt: 20 })
    expect([0, 10, 19, 20].map((now) => silenceState(later, now))).toEqual(['waiting', 'active', 'active', 'over'])
  })

  it('mutes what it matches while it is active; of several the one counts that ends last', () => {
    const silences = [silence(), silence({ id: 's2', endsAt: 200 }), silence({ id: 's3', startsAt: 90, endsAt: 300 })]
    expect(silenceOf(alert, silences, 50)?.id).toBe('s2')
    expect(silenceOf(alert, silences, 90)?.id).toBe('s3')
    expect(silenceOf(alert, silences, 300)).toBeUndefined()
    expect(silenceOf(alertOf({ labels: { node: 'gpu-18' } }), silences, 50)).toBeUndefined()
  })
})
