import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { includedPaths, onlySetting, readConf, settingsOf, withValue } from './conf-text.ts'
import { HooksError } from './hooks-error.ts'

const main = '/etc/slurm/slurm.conf'
const conf = (text: string, more: Record<string, string> = {}) => new Map([[main, text], ...Object.entries(more)])

describe('a setting of slurm.conf', () => {
  it('is found with its line, in any case, quoted or not, among others and beside a comment', () => {
    const files = conf('# Prolog=/no\nClusterName=x PROLOG = "/a b" # Prolog=/no\nepilog=/e\nPrologFlags=Alloc\n')
    expect(settingsOf(files, 'Prolog')).toMatchObject([{ key: 'PROLOG', value: '/a b', line: 2, file: main }])
    expect(settingsOf(files, 'Epilog')).toMatchObject([{ key: 'epilog', value: '/e', line: 3 }])
  })

  it('is found in an included file', () => {
    const files = conf('Include more.conf\n', { '/etc/slurm/more.conf': '\nProlog=/a\n' })
    expect(onlySetting(files, 'Prolog')).toMatchObject({ file: '/etc/slurm/more.conf', line: 2 })
    expect(includedPaths('Include more.conf # x\n include /b\n#include /c\n')).toEqual(['more.conf', '/b'])
  })

  it('that is there twice is refused with both places and values', () => {
    const files = conf('Prolog=/a\nx=1\nProlog=/b\n')
    expect(() => onlySetting(files, 'Prolog')).toThrow(
      `${main} line 1 and ${main} line 3 both set Prolog: "/a" and "/b"`,
    )
  })

  it('whose value goes on in the next line is refused with its place', () => {
    expect(() => settingsOf(conf('ClusterName=x\nProlog=/a\\\nb\n'), 'Prolog')).toThrow(`${main} line 2: `)
  })

  it('is changed and nothing else is, whatever stands around it', () => {
    const other = fc
      .stringMatching(/^[ \t]*(#[^\n]*|[A-Z][a-z]+=[a-z/#]*)?[ \t]*$/)
      .filter((line) => !/prolog/i.test(line))
    fc.assert(
      fc.property(fc.array(other), fc.array(other), (before, after) => {
        const files = conf([...before, 'Prolog=/old', ...after].join('\n'))
        const setting = onlySetting(files, 'Prolog')
        if (!setting) throw new Error('it is there')
        const changed = withValue(files.get(main) ?? '', setting, '/new')
        expect(changed).toBe([...before, 'Prolog=/new', ...after].join('\n'))
      }),
    )
  })
})

it('a file that Slurm would not read either is refused with its line', () => {
  expect(() => readConf(conf('ClusterName=x\nthis is wrong\n'))).toThrow(HooksError)
  expect(() => readConf(conf('ClusterName=x\nthis is wrong\n'))).toThrow(`${main}: line 2: not "Key=value"`)
})
