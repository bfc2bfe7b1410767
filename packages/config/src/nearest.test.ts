import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { nearestWord } from './nearest.ts'

const words = ['health', 'labels', 'region', 'providers', 'provider', 'min_nodes', 'max_nodes']

describe('the nearest word', () => {
  it.each([
    ['helth', 'health'],
    ['heatlh', 'health'],
    ['Labels', 'labels'],
    ['provder', 'provider'],
    ['mix_nodes', 'min_nodes'],
  ])('of %s is %s', (text, expected) => {
    expect(nearestWord(text, words)).toBe(expected)
  })

  it.each(['', 'x', 'colour', 'ssh_private_key'])('of %s is none', (text) => {
    expect(nearestWord(text, words)).toBeUndefined()
  })

  it('of a known word is the word', () => {
    fc.assert(fc.property(fc.constantFrom(...words), (word) => nearestWord(word, words) === word))
  })
})
