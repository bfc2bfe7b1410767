import { describe, expect, it } from 'vitest'
import { checkReach, type ReachFacts } from './check-reach.ts'

const url = 'http://obs:8080'
const good: ReachFacts = {
  agent: { waiting: 0, oldestMs: 0 },
  queued: 0,
  refused: 0,
  service: { url, named: true, answer: { kind: 'health', status: 'healthy', version: '1' } },
  settings: { unknownLines: [], hasToken: true, mode: 0o640, readableBySlurmUser: true },
  curl: '/usr/bin/curl',
  setsid: '/usr/bin/setsid',
}
const bad = (facts: Partial<ReachFacts>) => checkReach({ ...good, ...facts }).filter(({ state }) => state !== 'ok')

describe('the way of an event', () => {
  it('is all right with an agent and a service that is well', () => {
    expect(bad({})).toEqual([])
  })

  it('is broken where files wait for an agent that does not run', () => {
    expect(bad({ agent: { waiting: 3, oldestMs: 90_000 } })).toMatchObject([
      { check: 'agent', state: 'broken', text: expect.stringContaining('3 files wait') },
    ])
    expect(bad({ agent: { waiting: 3, oldestMs: 500 } })).toEqual([])
  })

  it.each([
    ['name', 'DNS'],
    ['refused', 'Nobody listens'],
    ['timeout', 'firewall'],
    ['other', 'curl -v'],
    ['url', 'OBSERVABILITY_URL'],
  ] as const)('a service that cannot be reached (%s) has its remedy: %s', (kind, remedy) => {
    const service = { url, named: true, answer: { kind, message: 'why' } }
    expect(bad({ service })).toMatchObject([{ state: 'warning', remedy: expect.stringContaining(remedy) }])
    expect(bad({ service: { ...service, named: false } })).toEqual([])
    const alone = bad({ service: { ...service, named: false }, agent: undefined })
    expect(alone).toMatchObject([
      { check: 'agent', state: 'warning' },
      { check: 'service', state: 'broken' },
    ])
  })

  it('needs curl where there is no agent', () => {
    expect(bad({ curl: undefined })).toEqual([])
    expect(bad({ curl: undefined, agent: undefined })).toContainEqual(
      expect.objectContaining({ state: 'broken', remedy: 'Install curl, or the agent.' }),
    )
  })

  it.each([
    [{ unknownLines: [3] }, 'warning', 'line 3 is no setting'],
    [{ mode: 0o644 }, 'broken', 'everybody may read the token'],
    [{ readableBySlurmUser: false }, 'warning', 'SlurmUser cannot read it'],
  ])('settings %j', (change, state, text) => {
    const { settings } = good
    expect(bad({ settings: settings && { ...settings, ...change } })).toMatchObject([
      { state, text: expect.stringContaining(text) },
    ])
  })

  it('tells of events that wait or were refused', () => {
    expect(bad({ queued: 2, refused: 1 }).map(({ text }) => text)).toEqual([
      '2 events wait for the service',
      '1 events were refused by the service',
    ])
  })
})
