import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { accessOfRest, accessOfRpc } from './access-rules.ts'
import { type AccessKind, authorize, bearerToken, isLoopback } from './auth.ts'

const kinds: AccessKind[] = ['probe', 'read', 'agent', 'change']
const decide = (kind: AccessKind, expectedToken?: string, presentedToken?: string, remoteAddress?: string) => {
  const decision = authorize({ kind, expectedToken, presentedToken, remoteAddress })
  return decision.allowed || decision.code
}

describe('access', () => {
  it('is open to readers and agents without a token, and changes come from loopback alone', () => {
    const from = (address?: string) => kinds.map((kind) => decide(kind, undefined, undefined, address))
    expect(from('10.0.0.7')).toEqual([true, true, true, 'forbidden'])
    expect(from(undefined)).toEqual([true, true, true, 'forbidden'])
    expect(from('127.0.0.1')).toEqual([true, true, true, true])
  })

  it('needs the token for everything but probes once one is set, on loopback too', () => {
    const with_ = (token?: string) => kinds.map((kind) => decide(kind, 'secret', token, '127.0.0.1'))
    expect(with_('secret')).toEqual([true, true, true, true])
    expect(with_('other')).toEqual([true, 'unauthorized', 'unauthorized', 'unauthorized'])
    expect(with_(undefined)).toEqual([true, 'unauthorized', 'unauthorized', 'unauthorized'])
  })

  it('never allows any other token', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (expected, presented) => {
        expect(decide('change', expected, presented, '127.0.0.1')).toBe(expected === presented || 'unauthorized')
      }),
    )
  })

  it.each([
    ['127.0.0.1', true],
    ['127.9.9.9', true],
    ['::1', true],
    ['::ffff:127.0.0.1', true],
    ['::ffff:10.0.0.1', false],
    ['10.0.0.1', false],
    ['128.0.0.1', false],
    ['::2', false],
    ['localhost', false],
    [undefined, false],
  ])('takes %s for loopback: %s', (address, expected) => {
    expect(isLoopback(address)).toBe(expected)
  })

  it('reads bearer tokens', () => {
    expect(bearerToken('Bearer abc')).toBe('abc')
    expect(bearerToken('bearer  abc ')).toBe('abc')
    expect(bearerToken('Basic abc')).toBeUndefined()
    expect(bearerToken('Bearer ')).toBeUndefined()
    expect(bearerToken(undefined)).toBeUndefined()
  })

  it('takes what it does not know for a change', () => {
    expect(accessOfRpc('navarch.ControlPlaneService', 'scalePool')).toBe('change')
    expect(accessOfRpc('navarch.ControlPlaneService', 'listNodes')).toBe('read')
    expect(accessOfRpc('navarch.ControlPlaneService', 'constructor')).toBe('change')
    expect(accessOfRpc('other.Service', 'listNodes')).toBe('change')
    expect(accessOfRest('DELETE', '/healthz')).toBe('change')
    expect(accessOfRest('GET', '/healthz')).toBe('probe')
    expect(accessOfRest('GET', '/api/v1/nodes')).toBe('read')
  })
})
