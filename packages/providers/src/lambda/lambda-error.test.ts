import fc from 'fast-check'
import { expect, it } from 'vitest'
import { ProviderError } from '../provider.ts'
import { lambdaError } from './lambda-error.ts'

it.each([
  [401, 'global/invalid-api-key', 'unauthorized'],
  [403, 'global/account-inactive', 'unauthorized'],
  [400, 'instance-operations/launch/insufficient-capacity', 'capacity'],
  [400, 'global/quota-exceeded', 'quota'],
  [400, 'global/invalid-parameters', 'invalid'],
  [500, 'global/unknown', 'unavailable'],
  [429, 'global/too-many', 'unavailable'],
])('calls %i %s "%s"', (status, code, expected) => {
  expect(lambdaError('lambda', 'launch', { status, error: { code, message: 'm' } }).code).toBe(expected)
})

it('makes a ProviderError of any answer', () => {
  fc.assert(
    fc.property(fc.integer({ min: 300, max: 599 }), fc.option(fc.string(), { nil: undefined }), (status, code) => {
      const error = code === undefined ? undefined : { code, message: '' }
      expect(lambdaError('lambda', 'launch', { status, error })).toBeInstanceOf(ProviderError)
    }),
  )
})
