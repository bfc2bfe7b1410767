import { expect, it } from 'vitest'
import { conditionWords, limitWords } from './rule-words.ts'

it('a rule says its limit exactly', () => {
  const rule = { metric: 'slurm_availability_percent', condition: 'lt' as const, unit: '%', duration: 0 }
  expect(conditionWords({ ...rule, threshold: 99.9 })).toBe('slurm_availability_percent < 99.9 %')
  expect(conditionWords({ ...rule, threshold: 0.001, duration: 300 })).toBe(
    'slurm_availability_percent < 0.001 % for 5m',
  )
  expect(limitWords({ condition: 'eq', threshold: 79, unit: '' })).toBe('= 79')
})
