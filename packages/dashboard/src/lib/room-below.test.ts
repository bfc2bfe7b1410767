import { expect, it } from 'vitest'
import { roomBelow } from './room-below.ts'

it('a list has what the window has left, and is never too low to be read', () => {
  expect(roomBelow(200, 900, 92, 320)).toBe(608)
  expect(roomBelow(800, 900, 92, 320)).toBe(320)
})
