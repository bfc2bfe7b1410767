import { expect, test } from 'vitest'
import { findUnusedExports } from './check-exports.ts'

test('an export that nobody mentions is reported, one that a test or a package uses is not', () => {
  const sources = new Map([
    ['packages/a/src/a.ts', 'export function used() {}\nexport const tested = 1\nexport function dead() { dead() }\n'],
    ['packages/a/src/a.test.ts', "import { tested } from './a.ts'"],
    ['packages/b/src/b.ts', "import { used } from '@navarch/a/a'"],
    ['packages/b/src/main.ts', 'export function entry() {}'],
  ])
  expect(findUnusedExports(sources)).toEqual(['packages/a/src/a.ts: dead is exported and used nowhere else'])
})
