import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { StoreError } from '../store.ts'
import { parseDatabaseUrl } from './database-url.ts'

describe('DATABASE_URL', () => {
  it("takes the document's form", () => {
    const address = parseDatabaseUrl('postgres://hpc:password@postgres:5432/hpc_jobs?sslmode=disable')
    expect(address).toMatchObject({
      description: 'postgres://hpc@postgres:5432/hpc_jobs',
      tls: 'disable',
      client: { host: 'postgres', port: 5432, user: 'hpc', password: 'password', database: 'hpc_jobs', ssl: false },
    })
  })

  it.each([
    ['postgresql://u@h/d', { host: 'h', port: 5432, user: 'u', database: 'd' }],
    ['postgres://u:p%40%2F%23@h/d', { password: 'p@/#' }],
    ['postgres://u@[fd00::1]:6000/d', { host: 'fd00::1', port: 6000 }],
    ['postgres://u@localhost/d?host=/run/postgresql', { host: '/run/postgresql', ssl: false }],
    ['postgres://u@h/d?options=-c%20search_path%3Dnavarch', { options: '-c search_path=navarch' }],
  ])('reads %s', (url, client) => {
    expect(parseDatabaseUrl(url).client).toMatchObject(client)
  })

  it.each([
    ['prefer', 'prefer', { rejectUnauthorized: false }],
    ['allow', 'prefer', { rejectUnauthorized: false }],
    ['require', 'require', { rejectUnauthorized: false }],
    ['verify-full', 'require', { rejectUnauthorized: true }],
  ])('with sslmode=%s connections are %s', (mode, tls, ssl) => {
    expect(parseDatabaseUrl(`postgres://u@h/d?sslmode=${mode}`)).toMatchObject({ tls, client: { ssl } })
  })

  it('prefers TLS where nothing is said', () => {
    expect(parseDatabaseUrl('postgres://u@h/d').tls).toBe('prefer')
  })

  it('checks the certificate against the CA that it is given', () => {
    const dir = mkdtempSync(join(tmpdir(), 'navarch-ca-'))
    const ca = join(dir, 'ca.pem')
    writeFileSync(ca, 'certificate')
    const ssl = (mode: string) => parseDatabaseUrl(`postgres://u@h/d?sslmode=${mode}&sslrootcert=${ca}`).client.ssl
    expect(ssl('require')).toMatchObject({ ca: 'certificate', rejectUnauthorized: true })
    expect(ssl('verify-ca')).toHaveProperty('checkServerIdentity')
    expect(ssl('verify-full')).not.toHaveProperty('checkServerIdentity')
    rmSync(dir, { recursive: true })
  })

  it.each([
    ['', 'it is no URL'],
    ['postgres://u:se#cret@h/d', 'it is no URL; in the password, write %40 for @'],
    ['mysql://u@h/d', 'it begins with "mysql:": only postgres:// is known'],
    ['postgres://u@h', 'it names no database'],
    ['postgres://h/d', 'it names no user'],
    ['postgres://u@h/%', 'a "%" in it is not followed by two hexadecimal digits'],
    ['postgres://u@h/d?sslmode=yes', 'sslmode is "yes": it must be one of disable, allow, prefer'],
    ['postgres://u@h/d?schema=x', '"schema" is not among the parameters host, sslmode'],
    ['postgres://u@h/d?sslmode=verify-ca', 'sslmode=verify-ca needs sslrootcert'],
    ['postgres://u@h/d?sslrootcert=/nowhere', 'sslrootcert: ENOENT'],
  ])('refuses %j', (url, message) => {
    expect(() => parseDatabaseUrl(url)).toThrow(StoreError)
    expect(() => parseDatabaseUrl(url)).toThrow(`DATABASE_URL: ${message}`)
  })

  it('is read or refused with a reason, whatever it is, and the reason never has the password', () => {
    const secret = 'hunter2zz'
    fc.assert(
      fc.property(fc.string(), fc.string(), (before, after) => {
        try {
          expect(parseDatabaseUrl(`postgres://u:${secret}${before}@h/d?${after}`).description).not.toContain(secret)
        } catch (error) {
          expect(error).toBeInstanceOf(StoreError)
          expect(String(error)).not.toContain(secret)
        }
      }),
    )
  })
})
