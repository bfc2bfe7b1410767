import { expect, it } from 'vitest'
import { tracksOf } from './table-tracks.ts'

it('a list leaves out columns as its room gets less', () => {
  const columns = [
    { width: '1fr' },
    { width: '2px', isExtra: 'phone' as const },
    { width: '3px', isExtra: true },
    { width: '4fr', isText: true },
    { width: '5px', isBelow: true },
  ]
  expect(tracksOf(columns)).toEqual({
    '--columns': '1fr 2px 3px 4fr',
    '--columns-narrow': '1fr 2px',
    '--columns-phone': '1fr',
  })
})
