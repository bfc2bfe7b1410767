import { expect, it } from 'vitest'
import { numbered } from './numbered.ts'

it('numbers the parameters of a statement and leaves what is quoted', () => {
  expect(numbered(`SELECT ? + ?, 'why?', 'it''s ?', "a?" FROM t WHERE b = ?`)).toBe(
    `SELECT $1 + $2, 'why?', 'it''s ?', "a?" FROM t WHERE b = $3`,
  )
})
