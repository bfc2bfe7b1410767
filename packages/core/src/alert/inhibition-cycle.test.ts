import { expect, it } from 'vitest'
import { defaultRules } from './default-rules.ts'
import { inhibitionCycle } from './inhibition-cycle.ts'

const rule = (name: string, inhibitedBy: string[], enabled = true) => ({ name, inhibitedBy, enabled })

it('is found with the shortest way round', () => {
  const rules = [rule('A', ['B', 'C']), rule('B', ['D']), rule('C', ['A']), rule('D', ['A'])]
  expect(inhibitionCycle('A', rules)).toEqual(['A', 'C', 'A'])
  expect(inhibitionCycle('D', rules)).toEqual(['D', 'A', 'B', 'D'])
})

it('is none where one explains the other alone, or a name is not known', () => {
  const rules = [rule('A', ['B', 'Gone']), rule('B', ['C']), rule('C', [])]
  for (const { name } of rules) expect(inhibitionCycle(name, rules)).toBeUndefined()
  expect(inhibitionCycle('Gone', rules)).toBeUndefined()
})

it('does not go by rules that are off, and a rule that names itself is none', () => {
  expect(inhibitionCycle('A', [rule('A', ['B']), rule('B', ['A'], false)])).toBeUndefined()
  expect(inhibitionCycle('A', [rule('A', ['A'])])).toBeUndefined()
})

it('is not found from outside of it: only rules on it are muted by it', () => {
  const rules = [rule('Out', ['A']), rule('A', ['B']), rule('B', ['A'])]
  expect(inhibitionCycle('Out', rules)).toBeUndefined()
})

it('is in none of the built-in rules', () => {
  for (const { name } of defaultRules) expect(inhibitionCycle(name, defaultRules), name).toBeUndefined()
})
