import { expect, test } from 'vitest'
import { hasFeatures } from './job-needs.ts'

test.each([
  ['ib', true],
  ['hopper', false],
  ['ib&nvme', true],
  ['ib&hopper', false],
  ['hopper|nvme', true],
  ['hopper|ib&nvme', true],
  ['ib,nvme', true],
  ['[rack1*2&rack2]', undefined],
])('nodes with ib and nvme meet "%s": %s', (constraint, met) => {
  expect(hasFeatures(constraint, ['ib', 'nvme'])).toBe(met)
})
