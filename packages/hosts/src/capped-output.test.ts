import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createCappedOutput } from './capped-output.ts'

const feed = (text: string, chunkBytes: number, limit: number) => {
  const output = createCappedOutput(limit)
  const bytes = Buffer.from(text)
  for (let at = 0; at < bytes.length; at += chunkBytes) output.add(bytes.subarray(at, at + chunkBytes))
  return output.text()
}

describe('createCappedOutput', () => {
  it('returns output below the limit unchanged, however it is cut into chunks', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 60 }), fc.integer({ min: 1, max: 9 }), (text, chunk) => {
        expect(feed(text, chunk, 10_000)).toBe(Buffer.from(text).toString())
      }),
    )
  })

  it('keeps the head and the tail of longer output and says how much is missing', () => {
    expect(feed(`${'a'.repeat(100)}${'b'.repeat(1000)}${'c'.repeat(100)}`, 7, 200)).toBe(
      `${'a'.repeat(100)}\n[… 1000 bytes left out …]\n${'c'.repeat(100)}`,
    )
  })

  it('never shows a broken character at the cut', () => {
    for (let limit = 20; limit < 30; limit++) expect(feed('é€𝄞'.repeat(50), 3, limit)).not.toContain('\ufffd')
  })
})
