import { describe, expect, it } from 'vitest'
import { authorizeCaller } from './caller.ts'

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
    expect(authorizeCaller(caller, 'change', token).allowed).toBe(allowed)
  })
})
