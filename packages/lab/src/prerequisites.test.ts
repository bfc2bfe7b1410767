import { expect, test } from 'vitest'
import { missingPrerequisites } from './prerequisites.ts'

test('an empty machine lacks every package, each named once', async () => {
  const { packages } = await missingPrerequisites({ path: ['/nonexistent'] })
  expect(packages).toEqual(['debootstrap', 'iproute2', 'mount', 'systemd-container', 'util-linux'])
})

test('a user who is not root is told so', async () => {
  const { problems } = await missingPrerequisites({ uid: 1000 })
  expect(problems).toContain('labs need root: they mount, make bridges and boot containers')
})
