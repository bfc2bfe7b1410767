import { isIP } from 'node:net'
import { createManualClock } from '@navarch/system/manual-clock'
import { newSecret } from '@navarch/system/secret'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { formatApiToken, parseApiToken } from './api-token.ts'
import { createAttemptLimit } from './attempt-limit.ts'
import { clientAddress, createIsProxy } from './client-address.ts'
import { createSeal } from './seal.ts'
import { connectionOf, cookieHeader, csrfTokenOf, readCookie } from './session-cookie.ts'

describe('the text of a token', () => {
  const base64url = [...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_']
  const id = fc.string({ unit: fc.constantFrom(...'0123456789abcdef'), minLength: 12, maxLength: 12 })
  const secret = fc.string({ unit: fc.constantFrom(...base64url), minLength: 43, maxLength: 43 })

  it('is read as it was written', () => {
    fc.assert(
      fc.property(id, secret, (id, secret) => {
        expect(parseApiToken(formatApiToken({ id, secret }))).toEqual({ id, secret })
      }),
    )
  })

  it('is nothing else', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(parseApiToken(text)).toBeUndefined()
      }),
    )
    expect(parseApiToken(`nvt_0123456789ab_${'x'.repeat(44)}`)).toBeUndefined()
    expect(parseApiToken(`nvt_0123456789AB_${'x'.repeat(43)}`)).toBeUndefined()
  })
})

describe('attempts', () => {
  it('are few at once, and one more after a while, by address', () => {
    let now = 0
    const logins = createAttemptLimit(() => now, { burst: 3, refillMs: 10_000 })
    const fail = (address: string) => {
      const wait = logins.waitSeconds(address)
      if (wait === 0) logins.count(address)
      return wait
    }
    expect([fail('10.0.0.1'), fail('10.0.0.1'), fail('10.0.0.1'), fail('10.0.0.1')]).toEqual([0, 0, 0, 10])
    expect(fail('10.0.0.2')).toBe(0)
    now = 9_000
    expect(fail('10.0.0.1')).toBe(1)
    now = 10_000
    expect([fail('10.0.0.1'), fail('10.0.0.1')]).toEqual([0, 10])
    now = 1_000_000
    expect([fail('10.0.0.1'), fail('10.0.0.1'), fail('10.0.0.1'), fail('10.0.0.1')]).toEqual([0, 0, 0, 10])
  })

  it('count a network of IPv6 as one', () => {
    const logins = createAttemptLimit(() => 0, { burst: 1, refillMs: 1_000 })
    logins.count('2001:db8:0:1::5')
    expect(logins.waitSeconds('2001:db8:0:1:ffff::9')).toBe(1)
    expect(logins.waitSeconds('2001:db8:0:2::5')).toBe(0)
    expect(logins.waitSeconds('2001:db8::1')).toBe(0)
  })

  it('remember a bounded number of addresses', () => {
    const logins = createAttemptLimit(() => 0, { burst: 1, refillMs: 1_000 })
    logins.count('first')
    for (let count = 0; count < 10_000; count += 1) logins.count(`10.0.${count}`)
    expect(logins.waitSeconds('first')).toBe(0)
  })
})

describe('where a request comes from', () => {
  const isProxy = createIsProxy([
    { address: '10.0.0.0', family: 'ipv4', prefix: 8 },
    { address: 'fd00::', family: 'ipv6', prefix: 8 },
  ])
  const at = (remoteAddress: string | undefined, forwarded?: string) =>
    clientAddress({ remoteAddress, headers: forwarded === undefined ? {} : { 'x-forwarded-for': forwarded } }, isProxy)

  it.each([
    // Nobody stands between, or nobody who is believed.
    ['192.0.2.7', undefined, '192.0.2.7', 'caller'],
    ['192.0.2.7', '198.51.100.1', '192.0.2.7', 'unknown-proxy'],
    [undefined, '198.51.100.1', undefined, 'unknown-proxy'],
    // What the proxy added is at the end; the rest the caller may have made up.
    ['10.0.0.1', '198.51.100.1', '198.51.100.1', 'caller'],
    ['10.0.0.1', '203.0.113.9, 198.51.100.1', '198.51.100.1', 'caller'],
    ['10.0.0.1', '203.0.113.9, 198.51.100.1, 10.0.0.2', '198.51.100.1', 'caller'],
    ['fd00::1', '2001:db8::7', '2001:db8::7', 'caller'],
    ['10.0.0.1', '[2001:db8::7]:4711', '2001:db8::7', 'caller'],
    ['10.0.0.1', '198.51.100.1:4711', '198.51.100.1', 'caller'],
    ['10.0.0.1', '::ffff:198.51.100.1', '198.51.100.1', 'caller'],
    // The proxies say no more than this.
    ['10.0.0.1', undefined, '10.0.0.1', 'silent-proxy'],
    ['10.0.0.1', '', '10.0.0.1', 'silent-proxy'],
    ['10.0.0.1', '198.51.100.1, unknown, 10.0.0.2', '10.0.0.2', 'silent-proxy'],
    ['10.0.0.1', '10.0.0.3, 10.0.0.2', '10.0.0.3', 'silent-proxy'],
  ])('%s with X-Forwarded-For %s is %s, of: %s', (remoteAddress, forwarded, address, of) => {
    expect(at(remoteAddress, forwarded)).toEqual({ address, of })
  })

  it('is always an address, whatever is forwarded', () => {
    fc.assert(
      fc.property(fc.string(), (forwarded) => {
        expect(isIP(at('10.0.0.1', forwarded).address ?? '')).not.toBe(0)
      }),
    )
  })
})

describe('what is sealed', () => {
  const clock = createManualClock()
  const seal = createSeal<{ state: string }>({ clock, newSecret })

  it('is opened by the one who closed it, until it is over, and tells nobody else what is in it', async () => {
    const text = seal.close({ state: 'the-state' }, 1_000)
    expect(text).toMatch(/^[\w-]+$/)
    expect(Buffer.from(text, 'base64url').toString('latin1')).not.toContain('the-state')
    expect(seal.open(text)).toEqual({ state: 'the-state' })
    expect(createSeal({ clock, newSecret }).open(text)).toBeUndefined()
    await clock.advance(1_000)
    expect(seal.open(text)).toBeUndefined()
  })

  it('is never the same twice', () => {
    expect(seal.close({ state: 'a' }, 1_000)).not.toBe(seal.close({ state: 'a' }, 1_000))
  })

  it('is nothing once a bit of it is another', () => {
    const bytes = Buffer.from(seal.close({ state: 'the-state' }, 1_000), 'base64url')
    for (let bit = 0; bit < bytes.length * 8; bit += 1) {
      const other = Buffer.from(bytes)
      other.writeUInt8(other.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3)
      expect(seal.open(other.toString('base64url'))).toBeUndefined()
    }
  })

  it('never fails, whatever it is asked to open', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.base64String()), (text) => {
        expect(seal.open(text)).toBeUndefined()
      }),
    )
  })
})

describe('a connection', () => {
  const facts = {
    encrypted: false,
    remoteAddress: '10.0.0.7',
    host: 'navarch:50051',
    publicUrl: undefined,
    allowHttp: false,
  }

  it.each([
    [{ encrypted: true }, 'secure'],
    [{ remoteAddress: '127.0.0.1', host: 'localhost:50051' }, 'plain'],
    [{ remoteAddress: '::1', host: '[::1]:50051' }, 'plain'],
    // A browser that was led here by a name of somebody else's.
    [{ remoteAddress: '127.0.0.1', host: 'evil.example' }, 'refused'],
    [{ publicUrl: 'https://navarch.example' }, 'secure'],
    [{ publicUrl: 'http://navarch.example' }, 'refused'],
    [{ allowHttp: true }, 'plain'],
    [{}, 'refused'],
  ])('with %j is %s', (change, kind) => {
    expect(connectionOf({ ...facts, ...change }).kind).toBe(kind)
  })
})

describe("a session's cookie", () => {
  const secret = 's'.repeat(43)
  const secure = { kind: 'secure' } as const
  const plain = { kind: 'plain' } as const

  it('is for this host, over TLS, out of reach of scripts and of other sites', () => {
    expect(cookieHeader('session', secure, secret, 60)).toBe(
      `__Host-navarch-session=${secret}; Path=/; HttpOnly; SameSite=Strict; Max-Age=60; Secure`,
    )
    expect(cookieHeader('session', plain, undefined, 60)).toBe(
      'navarch-session=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0',
    )
  })

  it('is read back, and its plain twin, which others could set, is not taken over TLS', () => {
    const headers = (cookie: string) => ({ cookie })
    expect(readCookie(headers(`a=b; __Host-navarch-session=${secret}; c=d`), 'session', secure)).toBe(secret)
    expect(readCookie(headers(`navarch-session=${secret}`), 'session', secure)).toBeUndefined()
    expect(readCookie(headers(`navarch-session=${secret}`), 'session', plain)).toBe(secret)
    expect(readCookie(headers('navarch-session=short'), 'session', plain)).toBeUndefined()
  })

  it('of a login under way is a sealed one, as long as browsers keep', () => {
    const cookie = (length: number) => ({ cookie: `__Host-navarch-login=${'s'.repeat(length)}` })
    expect(readCookie(cookie(3_000), 'login', secure)).toBe('s'.repeat(3_000))
    expect(readCookie(cookie(4_001), 'login', secure)).toBeUndefined()
    expect(readCookie({ cookie: '__Host-navarch-session=short' }, 'session', secure)).toBeUndefined()
  })

  it('never fails, whatever a browser sends', () => {
    fc.assert(
      fc.property(fc.string(), (cookie) => {
        expect(readCookie({ cookie }, 'session', plain)).toBeUndefined()
      }),
    )
  })

  it('has a token for changes that follows from it, and does not tell it', () => {
    expect(csrfTokenOf(secret)).toBe(csrfTokenOf(secret))
    expect(csrfTokenOf(secret)).not.toBe(csrfTokenOf('t'.repeat(43)))
    expect(csrfTokenOf(secret)).not.toContain(secret.slice(0, 8))
  })
})
