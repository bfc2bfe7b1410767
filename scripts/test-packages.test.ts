import { existsSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { findMissingPackages, mayInstall } from './test-packages.ts'

test.each([
  [{ CI: 'true' }, 0, true],
  [{ NAVARCH_TEST_INSTALL: '1' }, 0, true],
  [{ CI: 'true' }, 1000, false],
  [{ CI: 'false' }, 0, false],
  [{}, 0, false],
])('with %j and user %i, installing is allowed: %j', (env, uid, allowed) => {
  expect(mayInstall(env, uid)).toBe(allowed)
})

const isDebian = existsSync('/etc/debian_version')

describe.skipIf(!isDebian)(`on Debian${isDebian ? '' : ' (skipped: this is no Debian)'}`, () => {
  test('packages that are not installed are missing, those that are are not', async () => {
    expect(await findMissingPackages(['dpkg', 'navarch-no-such-package'])).toEqual(['navarch-no-such-package'])
  })
})
