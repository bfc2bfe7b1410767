import { expect, it } from 'vitest'
import { newestDecisions } from './newest-decisions.ts'

it('the newest decisions are listed, the newest first, in whatever order they come', () => {
  const at = (hour: number) => ({ at: new Date(hour * 3_600_000).toISOString(), text: `at ${hour}` })
  const listed = newestDecisions([at(3), ...Array.from({ length: 20 }, (_, hour) => at(hour + 10)), at(1)])
  expect(listed.map(({ text }) => text)).toEqual(Array.from({ length: 12 }, (_, place) => `at ${29 - place}`))
})
