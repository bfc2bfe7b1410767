import { expect, it } from 'vitest'
import { tabTitle } from './tab-title.ts'

it.each([
  ['good', 'Nodes · Navarch'],
  ['mending', 'Nodes · Navarch'],
  ['act', '! Nodes · Navarch'],
  ['unknown', '? Nodes · Navarch'],
] as const)('a tab tells from afar whether a person is needed: %s', (mood, title) =>
  expect(tabTitle('Nodes', mood)).toBe(title),
)
