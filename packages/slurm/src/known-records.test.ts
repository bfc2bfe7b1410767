import { describe, expect, it } from 'vitest'
import { rememberRecords } from './known-records.ts'

describe('records of rounds', () => {
  it('are read once for as long as every round has them in the same words', () => {
    const reads: string[] = []
    const remember = rememberRecords<{ text: string }>()
    const round = (...texts: string[]) => {
      const read = remember((text) => {
        reads.push(text)
        return { text }
      })
      return texts.map((text) => read(text))
    }
    const [first] = round('a=1', 'b=1')
    expect(round('b=2', 'a=1')[1]).toBe(first)
    expect(reads).toEqual(['a=1', 'b=1', 'b=2'])
    round('b=2')
    expect(round('a=1')).toEqual([{ text: 'a=1' }])
    expect(reads.slice(3)).toEqual(['a=1'])
  })

  it('that cannot be read are tried again', () => {
    const remember = rememberRecords<string>()
    let tries = 0
    const fails = () => {
      tries++
      throw new Error('no')
    }
    for (let round = 0; round < 2; round++) expect(() => remember(fails)('x')).toThrow('no')
    expect(tries).toBe(2)
  })

  it('may hold any text', () => {
    const read = rememberRecords<string>()((text) => text)
    const odd = '"\\\u001f\u001e\n\u2028\ud83d\ude00\ud800'
    expect(read(odd)).toBe(odd)
  })
})
