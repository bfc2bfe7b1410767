import { expect, test } from 'vitest'
import { anchorsOf, findBrokenLinks } from './check-links.ts'

function broken(files: Record<string, string>, others: string[] = []): string[] {
  return findBrokenLinks(new Map(Object.entries(files)), [...Object.keys(files), ...others])
}

test('links to files, folders, headings and other sites are good', () => {
  const a =
    '[b](docs/b.md) [f](docs) [h](docs/b.md#option-1-images-recommended) [x](#a) [w](https://x.example/y)\n\n# A\n'
  expect(broken({ 'a.md': a, 'docs/b.md': '## Option 1: images (recommended)\n[up](../a.md)' })).toEqual([])
})

test('links to what is not there are reported with their line', () => {
  expect(broken({ 'docs/a.md': 'x\n[b](b.md) [c](../c.md#no)', 'c.md': '# Yes' })).toEqual([
    'docs/a.md:2: link b.md: there is no such file',
    'docs/a.md:2: link ../c.md#no: c.md has no such heading',
  ])
})

test('code blocks hold no links and no headings', () => {
  expect(broken({ 'a.md': '```\n[b](b.md)\n# not a heading\n```\n' })).toEqual([])
  expect(anchorsOf('```sh\n# no\n```\n# Yes `x.y` & co\n# Yes\n# Yes\n')).toEqual(
    new Set(['yes-xy--co', 'yes', 'yes-1']),
  )
})
