import fc from 'fast-check'
import { expect, it } from 'vitest'
import { redactor } from './redact.ts'

it('shows no secret, even where one contains another', () => {
  const secret = fc.stringMatching(/^[a-z]{4,12}$/)
  fc.assert(
    fc.property(fc.array(secret, { maxLength: 4 }), fc.array(fc.string()), (secrets, between) => {
      const shown = redactor(secrets)(between.map((text, n) => `${text}${secrets[n] ?? ''}`).join(' '))
      const left = shown.replaceAll('[redacted]', ' ')
      for (const each of secrets) expect(left).not.toContain(each)
    }),
  )
})

it('leaves text alone when a secret is empty or tiny', () => {
  expect(redactor(['', 'a', '  '])('a banana')).toBe('a banana')
})
