import type { Need } from '@navarch/core/access/role'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createAccess } from './access.ts'
import { bearerToken } from './bearer-token.ts'
import { createIsProxy } from './client-address.ts'
import { hashOf } from './hashes.ts'
import { isLoopback } from './loopback.ts'

const needs: Need[] = ['probe', 'viewer', 'agent', 'operator', 'admin']
const tokens = [
  { name: 'everything', role: 'admin', hash: hashOf('secret'), where: 'here' },
  { name: 'grafana', role: 'viewer', hash: hashOf('look'), where: 'here' },
  { name: 'on-call', role: 'operator', hash: hashOf('steer'), where: 'here' },
  { name: 'nodes', role: 'agent', hash: hashOf('report'), where: 'here' },
] as const
const closed = createAccess({ closed: true, tokens })
const open = createAccess({ closed: false })

function ask(access: typeof open, token?: string, remoteAddress?: string) {
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` }
  return needs.map((need) => {
    const decision = access.decide({ remoteAddress, headers }, need)
    return decision.allowed || decision.code
  })
}

describe('access', () => {
  it('is open to readers and agents without a token, and changes come from loopback alone', () => {
    expect(ask(open, undefined, '10.0.0.7')).toEqual([true, true, true, 'forbidden', 'forbidden'])
    expect(ask(open, undefined, undefined)).toEqual([true, true, true, 'forbidden', 'forbidden'])
    expect(ask(open, undefined, '127.0.0.1')).toEqual([true, true, true, true, true])
    expect(ask(open, 'anything', '127.0.0.1')).toEqual([true, true, true, true, true])
  })

  it('needs a token for everything but probes once one is set, on loopback too', () => {
    const refused = 'unauthorized'
    expect(ask(closed, undefined, '127.0.0.1')).toEqual([true, refused, refused, refused, refused])
    expect(ask(closed, 'other', '127.0.0.1')).toEqual([true, refused, refused, refused, refused])
  })

  it('lets each role do what it may, and no more', () => {
    const no = 'forbidden'
    expect(ask(closed, 'look')).toEqual([true, true, no, no, no])
    expect(ask(closed, 'steer')).toEqual([true, true, no, true, no])
    expect(ask(closed, 'secret')).toEqual([true, true, true, true, true])
    expect(ask(closed, 'report')).toEqual([true, no, true, no, no])
  })

  it('says who may not, and what it takes', () => {
    const decide = (token: string, need: Need) =>
      closed.decide({ remoteAddress: '10.0.0.7', headers: { authorization: `Bearer ${token}` } }, need)
    expect(decide('look', 'operator')).toEqual({
      allowed: false,
      code: 'forbidden',
      message: 'grafana is a viewer: this needs the role operator or admin',
    })
    expect(decide('report', 'viewer')).toMatchObject({
      message: 'nodes is an agent: this needs the role viewer, operator or admin',
    })
    expect(decide('steer', 'admin')).toMatchObject({ message: 'on-call is an operator: this needs the role admin' })
  })

  it('never allows any other token', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme-ascii' }), (presented) => {
        const sent = bearerToken(`Bearer ${presented}`)
        const known = sent === 'secret' || sent === 'steer'
        expect(ask(closed, presented)[3]).toBe(
          known ? true : sent === 'look' || sent === 'report' ? 'forbidden' : 'unauthorized',
        )
      }),
    )
  })

  it.each(['x-forwarded-for', 'x-forwarded-host', 'x-forwarded-proto', 'x-real-ip', 'forwarded', 'via'])(
    'takes a request that a proxy passed on for one from elsewhere: %s',
    (header) => {
      const caller = { remoteAddress: '127.0.0.1', headers: { [header]: '127.0.0.1' } }
      expect(open.decide(caller, 'operator')).toMatchObject({ code: 'forbidden' })
    },
  )

  it("gives what is an administrator's, without a token, to none of a page under a name that was led here", () => {
    const backup = (host: string, access = open) => {
      const authorization = access === open ? {} : { authorization: 'Bearer secret' }
      return access.decide({ remoteAddress: '127.0.0.1', method: 'GET', headers: { host, ...authorization } }, 'admin')
    }
    expect(backup('evil.example:50051')).toMatchObject({
      code: 'forbidden',
      message: expect.stringContaining('localhost'),
    })
    for (const host of ['localhost:50051', '127.0.0.1:50051', '[::1]:50051']) expect(backup(host).allowed).toBe(true)
    expect(backup('navarch.example', closed).allowed).toBe(true)
  })

  it('trusts in the TLS of the proxies that are known, where some are', () => {
    const publicUrl = 'https://navarch.example'
    const isProxy = createIsProxy([{ address: '10.0.0.0', family: 'ipv4', prefix: 8 }])
    const headers = { host: 'navarch.example' }
    const kind = (access: typeof open, remoteAddress: string) => access.connection({ remoteAddress, headers }).kind
    const strict = createAccess({ closed: true, tokens, publicUrl, isProxy })
    expect([kind(strict, '10.0.0.7'), kind(strict, '192.0.2.7')]).toEqual(['secure', 'refused'])
    expect(kind(createAccess({ closed: true, tokens, publicUrl }), '192.0.2.7')).toBe('secure')
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
})

describe('a change that a web page asks for', () => {
  it.each([
    ['http://localhost:50051', 'localhost:50051', undefined, true],
    ['http://[::1]:50051', '[::1]:50051', undefined, true],
    ['http://10.0.0.1:50051', '10.0.0.1:50051', undefined, true],
    ['http://evil.example', 'localhost:50051', undefined, false],
    ['http://evil.example:50051', 'evil.example:50051', undefined, false],
    ['http://bad.cafe', 'bad.cafe', undefined, false],
    ['null', 'localhost:50051', undefined, false],
    ['http://navarch.example', 'navarch.example', 'secret', true],
    ['http://evil.example', 'navarch.example', 'secret', false],
  ])('at %s of the host %s with the token %s: allowed is %s', (origin, host, token, allowed) => {
    const authorization = token === undefined ? {} : { authorization: `Bearer ${token}` }
    const caller = { remoteAddress: '127.0.0.1', headers: { origin, host, ...authorization } }
    expect((token === undefined ? open : closed).decide(caller, 'operator').allowed).toBe(allowed)
  })
})
