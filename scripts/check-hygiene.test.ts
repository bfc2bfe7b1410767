import { expect, test } from 'vitest'
import { findHygieneProblems } from './check-hygiene.ts'

const base = {
  'package.json': '{"version":"1.2.3"}',
  'CHANGELOG.md': '## [1.2.3] - 2026-11-21\n',
}

function problemsOf(files: Record<string, string>): string[] {
  return findHygieneProblems(new Map(Object.entries({ ...base, ...files })))
}

test('a clean repository has no problems', () => {
  expect(
    problemsOf({ 'packages/core/package.json': '{"version":"1.2.3"}', 'a.ts': "read('/var/lib/navarch')\n" }),
  ).toEqual([])
})

test.each([
  ['a.ts', 'x\n// TODO: later', 'a.ts:2: TODO: finish it, or write it down as an issue'],
  ['docs/a.md', 'in `/root/x`', "docs/a.md:1: `/root/x: a path of one person's machine"],
  [
    'package-lock.json',
    '"resolved": "https://mirror.example/x.tgz"',
    "package-lock.json: resolves from https://mirror.example/; leave addresses out (npm's omit-lockfile-registry-resolved, see .npmrc)",
  ],
  [
    'packages/a/package.json',
    '{"version":"1.2.4"}',
    'packages/a/package.json: version 1.2.4, but package.json has 1.2.3',
  ],
  [
    'packages/a/src/version.ts',
    "export const version = '1.0.0'",
    'packages/a/src/version.ts: version 1.0.0, but package.json has 1.2.3',
  ],
  ['CHANGELOG.md', '## [1.2.2]\n', 'CHANGELOG.md: has no section for 1.2.3'],
])('%s with %j is refused', (path, content, problem) => {
  expect(problemsOf({ [path]: content })).toEqual([problem])
})

test('a dependency on a package of another version is refused', () => {
  const content = '{"version":"1.2.3","dependencies":{"@navarch/core":"1.2.2"}}'
  expect(problemsOf({ 'packages/a/package.json': content })).toEqual([
    'packages/a/package.json (@navarch/core): version 1.2.2, but package.json has 1.2.3',
  ])
})

test('captures of other programs are left as they are', () => {
  expect(problemsOf({ 'packages/slurm/fixtures/a.txt': 'WorkDir=/root/x TODO' })).toEqual([])
})
