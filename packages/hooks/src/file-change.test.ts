import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { diffLines, renderChanges, takeBack } from './file-change.ts'

const text = fc.array(fc.constantFrom('a', 'b', 'c', '', 'd d'), { maxLength: 12 }).map((lines) => lines.join('\n'))
const content = (body: string, mode = 0o644) => ({ text: body, mode, uid: 0, gid: 0 })

describe('the difference of two texts', () => {
  it('makes the one into the other', () => {
    fc.assert(
      fc.property(text, text, (before, after) => {
        const lines = before.split('\n')
        for (const { from, removed, added } of diffLines(before, after).reverse()) {
          expect(lines.slice(from, from + removed.length)).toEqual(removed)
          lines.splice(from, removed.length, ...added)
        }
        expect(lines.join('\n')).toBe(after)
      }),
    )
  })

  it('is nothing for equal texts', () => {
    fc.assert(
      fc.property(text, (same) => {
        expect(diffLines(same, same)).toEqual([])
      }),
    )
  })

  it('is taken back in a text that was changed elsewhere', () => {
    const [before, after] = ['a\nProlog=/x\nb\n', 'a\nProlog=/y\nb\n# ours\nEpilog=/z\n']
    expect(takeBack(before, after, 'new\na\nProlog=/y\nb2\n# ours\nEpilog=/z\nmore\n')).toEqual({
      text: 'new\na\nProlog=/x\nb2\nmore\n',
    })
  })

  it('is not taken back where it is not there any more', () => {
    expect(takeBack('Prolog=/x\n', 'Prolog=/y\n', 'Prolog=/z\n')).toEqual({ missing: 'Prolog=/y' })
    expect(takeBack('Prolog=/x\n', 'Prolog=/y\n', 'Prolog=/y\nProlog=/y\n')).toEqual({ missing: 'Prolog=/y' })
  })
})

it('changes are shown by their lines, files that come or go by one line', () => {
  const shown = renderChanges([
    { path: '/new', before: undefined, after: content('a\nb\n', 0o755) },
    { path: '/conf', before: content('a\nb\nc\n'), after: content('a\nB\nc\n') },
    { path: '/old', before: content(''), after: undefined },
  ])
  expect(shown).toBe('create /new (mode 0755, 2 lines)\n--- /conf\n+++ /conf\n@@ line 2 @@\n-b\n+B\ndelete /old\n')
})
