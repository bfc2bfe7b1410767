import { describe, expect, test } from 'vitest'
import { findBoundaryProblems, importsOf, type Repository, readArrows } from './check-boundaries.ts'

const packages: Repository['packages'] = new Map([
  ['system', { ours: [], others: [] }],
  ['slurm', { ours: [], others: [] }],
  ['core', { ours: ['slurm'], others: [] }],
  ['control-plane', { ours: ['core', 'system'], others: ['hono'] }],
  ['demo', { ours: ['control-plane'], others: [] }],
])
const arrows: Repository['arrows'] = new Map([
  ['system', []],
  ['slurm', []],
  ['core', ['slurm']],
  ['control-plane', ['core', 'system']],
  ['demo', ['control-plane']],
])

function problemsOf(files: Record<string, string>, over: Partial<Repository> = {}): string[] {
  return findBoundaryProblems({ sources: new Map(Object.entries(files)), packages, arrows, ...over })
}

describe('imports', () => {
  test('are found in every form that the sources use', () => {
    const text = [
      "import { a } from 'one'",
      "import type { B } from './two.ts'",
      "import {\n  c,\n  type D,\n} from 'node:three'",
      "export { e } from 'four'",
      "import 'five'",
      "const f = await import('six')",
      "// import { g } from 'seven'",
    ].join('\n')
    expect(importsOf('x.ts', text).map(({ specifier }) => specifier)).toEqual([
      'one',
      './two.ts',
      'node:three',
      'four',
      'five',
      'six',
    ])
  })

  test('of what package.json names are allowed', () => {
    expect(
      problemsOf({
        'packages/control-plane/src/a.ts':
          "import { b } from '@navarch/core/b'\nimport { Hono } from 'hono'\nimport 'node:fs'",
      }),
    ).toEqual([])
  })

  test.each([
    ['packages/core/src/a.ts', "import { x } from '@navarch/system/x'", 'package.json of core does not name it'],
    ['packages/core/src/a.ts', "import { x } from 'zod'", 'package.json of core does not name it'],
    ['packages/core/src/a.ts', "import { x } from 'node:fs'", 'core decides and parses, nothing else'],
    ['packages/slurm/src/a.ts', "import type { x } from 'node:fs'", 'slurm decides and parses, nothing else'],
    ['packages/core/src/a.ts', "import { x } from '../../slurm/src/x.ts'", "leaves its package; use the other's name"],
    ['packages/core/src/a.ts', "import { x } from './x.ts'", 'there is no such file'],
    ['packages/core/src/a.ts', "import { x } from './x'", 'write the file extension'],
    ['packages/control-plane/src/a.ts', "import { x } from 'node:sqlite'", 'only store/ knows the database'],
    ['packages/system/src/a.ts', "import { x } from '@navarch/control-plane/x'", 'nothing stands on control-plane'],
  ])('%s: %s is refused', (path, text, why) => {
    const specifier = /'([^']+)'/.exec(text)?.[1]
    expect(problemsOf({ [path]: text })).toEqual([`${path}: imports ${specifier}: ${why}`])
  })

  test('of the database are allowed in store/, and of anything in the tests of a package', () => {
    expect(
      problemsOf({
        'packages/control-plane/src/store/a.ts': "import { x } from 'node:sqlite'",
        'packages/core/src/a.test.ts': "import { x } from 'vitest'\nimport { y } from 'node:fs'",
        'packages/core/test/b.ts': "import { y } from 'node:fs'",
      }),
    ).toEqual([])
  })
})

describe('cycles', () => {
  test('of files are found, except where only types go round', () => {
    expect(
      problemsOf({
        'packages/core/src/a.ts': "import { b } from './b.ts'",
        'packages/core/src/b.ts': "import { a } from './a.ts'",
        'packages/slurm/src/c.ts': "import { d } from './d.ts'",
        'packages/slurm/src/d.ts': "import type { c } from './c.ts'",
      }),
    ).toEqual(['files import each other: packages/core/src/a.ts -> packages/core/src/b.ts -> packages/core/src/a.ts'])
  })

  test('of packages are found', () => {
    const around: Repository['packages'] = new Map([
      ['core', { ours: ['slurm'], others: [] }],
      ['slurm', { ours: ['core'], others: [] }],
    ])
    const table = new Map([
      ['core', ['slurm']],
      ['slurm', ['core']],
    ])
    expect(problemsOf({}, { packages: around, arrows: table })).toEqual([
      'packages import each other: core -> slurm -> core',
    ])
  })
})

describe('effects', () => {
  test.each(['Date.now()', 'new Date()', 'setTimeout(f, 1)', 'setInterval(f, 1)', 'Math.random()'])(
    '%s is refused outside packages/system',
    (call) => {
      expect(problemsOf({ 'packages/core/src/a.ts': `f(${call})` })).toHaveLength(1)
      expect(problemsOf({ 'packages/system/src/a.ts': `f(${call})` })).toEqual([])
    },
  )

  test('are allowed in entry points and tests, and in what is said about them', () => {
    expect(
      problemsOf({
        'packages/control-plane/src/main.ts': 'start(Math.random)',
        'packages/core/src/a.test.ts': 'Date.now()',
        'packages/core/src/b.ts': '/** Instead of Date.now(). */\n// nor Math.random\nnew Date(0)',
      }),
    ).toEqual([])
  })
})

describe('the table', () => {
  test('is read from the fenced block', () => {
    const markdown = '# x\n\n```boundaries\nsystem ->\ncore   -> slurm  system\n```\n'
    expect(readArrows(markdown)).toEqual(
      new Map([
        ['system', []],
        ['core', ['slurm', 'system']],
      ]),
    )
  })

  test('must have a line for each package and allow what package.json names', () => {
    const table = new Map([...arrows, ['core', []], ['ghost', []]])
    table.delete('demo')
    expect(problemsOf({}, { arrows: table })).toEqual([
      'packages/core/package.json: depends on slurm, which ARCHITECTURE.md does not allow',
      'ARCHITECTURE.md: the boundaries block lacks a line for demo',
      'ARCHITECTURE.md: the boundaries block names ghost, which is no package',
    ])
  })
})
