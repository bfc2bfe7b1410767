import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { formatApiToken, parseApiToken } from './api-token.ts'
import { createFailedLogins } from './failed-logins.ts'
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

describe('failed logins', () => {
  it('are few at once, and one more after a while, by address', () => {
    let now = 0
    const logins = createFailedLogins(() => now, { burst: 3, refillMs: 10_000 })
    const fail = (address: string) => {
      const wait = logins.waitSeconds(address)
      if (wait === 0) logins.failed(address)
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
    const logins = createFailedLogins(() => 0, { burst: 1, refillMs: 1_000 })
    logins.failed('2001:db8:0:1::5')
    expect(logins.waitSeconds('2001:db8:0:1:ffff::9')).toBe(1)
    expect(logins.waitSeconds('2001:db8:0:2::5')).toBe(0)
    expect(logins.waitSeconds('2001:db8::1')).toBe(0)
  })

  it('remember a bounded number of addresses', () => {
    const logins = createFailedLogins(() => 0, { burst: 1, refillMs: 1_000 })
    logins.failed('first')
    for (let count = 0; count < 10_000; count += 1) logins.failed(`10.0.${count}`)
    expect(logins.waitSeconds('first')).toBe(0)
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
