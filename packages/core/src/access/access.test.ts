import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decideAccess } from './decide-access.ts'
import { type AnyRole, anyRoles, mayDo, type Need } from './role.ts'
import { claimAt, nameOfClaims, roleOfClaims } from './role-of-claims.ts'

const needs: Need[] = ['probe', 'viewer', 'operator', 'admin', 'agent']

describe('a role', () => {
  it("may do what it is for, and each person's role what those before it may", () => {
    const table = Object.fromEntries(anyRoles.map((role) => [role, needs.filter((need) => mayDo(role, need))]))
    expect(table).toEqual({
      viewer: ['probe', 'viewer'],
      operator: ['probe', 'viewer', 'operator'],
      admin: ['probe', 'viewer', 'operator', 'admin', 'agent'],
      agent: ['probe', 'agent'],
    })
  })
})

describe('a decision', () => {
  const anyRole = fc.constantFrom<AnyRole>(...anyRoles)
  const need = fc.constantFrom<Need>(...needs)

  it('never lets in nobody, and never what looks forged, but for probes', () => {
    fc.assert(
      fc.property(need, anyRole, fc.boolean(), fc.boolean(), (need, role, open, known) => {
        const principal = known ? ({ name: 'ana', role, via: 'token' } as const) : undefined
        const decision = decideAccess({ need, principal, open, ...(known && { forged: 'not ours' }) })
        expect(decision.allowed).toBe(need === 'probe')
      }),
    )
  })

  it('is what the role may, where a token is needed', () => {
    fc.assert(
      fc.property(need, anyRole, (need, role) => {
        const decision = decideAccess({ need, principal: { name: 'ana', role, via: 'session' }, open: false })
        expect(decision.allowed).toBe(mayDo(role, need))
      }),
    )
  })

  it('tells one who cannot be checked now from one who may not', () => {
    const question = { need: 'viewer', principal: undefined, open: false } as const
    expect(decideAccess({ ...question, problem: 'the provider is away', unavailable: true })).toEqual({
      allowed: false,
      code: 'unavailable',
      message: 'the provider is away',
    })
    expect(decideAccess(question)).toMatchObject({ code: 'unauthorized', message: expect.stringContaining('Bearer') })
  })
})

describe('the role of claims', () => {
  const rules = { roleClaim: 'groups', roleMapping: { ops: 'operator', root: 'admin' } } as const

  it.each([
    [{ groups: ['ops'] }, 'operator'],
    [{ groups: ['ops', 'root', 'other'] }, 'admin'],
    [{ groups: 'ops' }, 'operator'],
    [{ groups: 'other ops' }, 'operator'],
    [{ groups: ['other'] }, undefined],
    [{ groups: [7, null, { ops: 1 }] }, undefined],
    [{ groups: { ops: true } }, undefined],
    [{ groups: ['constructor', '__proto__'] }, undefined],
    [{}, undefined],
  ])('of %j is %s', (claims, role) => {
    expect(roleOfClaims(claims, rules)).toBe(role)
    expect(roleOfClaims(claims, { ...rules, defaultRole: 'viewer' })).toBe(role ?? 'viewer')
  })

  it('is found along a path, in names with dots too', () => {
    expect(claimAt({ realm_access: { roles: ['a'] } }, 'realm_access.roles')).toEqual(['a'])
    expect(claimAt({ 'https://x.example/roles': ['a'] }, 'https://x.example/roles')).toEqual(['a'])
    expect(claimAt({ 'a.b': { c: 1 } }, 'a.b.c')).toBe(1)
    expect(claimAt({ a: [1] }, 'a.0')).toBeUndefined()
    expect(claimAt({}, 'constructor.name')).toBeUndefined()
  })

  it('never fails, and never gives a role that is not mapped, whatever the provider says', () => {
    fc.assert(
      fc.property(fc.object(), fc.string(), (claims, path) => {
        const role = roleOfClaims(claims, { roleClaim: path, roleMapping: { ops: 'operator' } })
        expect([undefined, 'operator']).toContain(role)
        expect(nameOfClaims(claims, path)).not.toBe('')
      }),
    )
  })

  it('comes with a name that is fit to be shown', () => {
    expect(nameOfClaims({ preferred_username: 'ana', sub: '7' }, 'preferred_username')).toBe('ana')
    expect(nameOfClaims({ email: 'ana@x.example' }, 'nickname')).toBe('ana@x.example')
    expect(nameOfClaims({ sub: 'a\nb' }, 'nickname')).toBe('a b')
    expect(nameOfClaims({ sub: 'nimda\u202eana\u2028' }, 'nickname')).toBe('nimda ana')
    expect(nameOfClaims({ sub: `${'a'.repeat(255)}😀` }, 'nickname')).toBe(`${'a'.repeat(255)}\ufffd`)
    expect(nameOfClaims({ sub: '   ' }, 'nickname')).toBe('somebody')
    expect(nameOfClaims({ nickname: '\u202e \u200b', sub: '\u200b7\u200b' }, 'nickname')).toBe('7')
  })
})
