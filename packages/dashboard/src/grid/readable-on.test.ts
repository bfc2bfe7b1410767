import { expect, it } from 'vitest'
import { readableOn } from './readable-on.ts'

it.each([
  ['#ffffff', '#10161d'],
  ['#000000', '#ffffff'],
  ['#3b82f6', '#10161d'],
  ['#2563eb', '#ffffff'],
  ['#33465f', '#ffffff'],
])('a text on %s is %s: what has more contrast', (ground, ink) => expect(readableOn(ground)).toBe(ink))
