import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { chooseMirror, parseDeb822Sources, parseOneLineSources, readAptSources } from './apt-sources.ts'

describe('one-line sources', () => {
  test('are read with and without options', () => {
    const text = [
      'deb http://mirror.example/debian bookworm main contrib # ours',
      'deb [arch=amd64 signed-by=/k.gpg] https://mirror.example/debian/ trixie main',
      'deb-src http://mirror.example/debian bookworm main',
      '# deb http://old.example/debian bullseye main',
      '',
    ].join('\n')
    expect(parseOneLineSources(text)).toEqual([
      { uri: 'http://mirror.example/debian', suite: 'bookworm', components: ['main', 'contrib'] },
      { uri: 'https://mirror.example/debian/', suite: 'trixie', components: ['main'] },
    ])
  })
})

describe('deb822 sources', () => {
  test('give one source per address and suite', () => {
    const text = `Types: deb deb-src
# a snapshot
URIs: http://mirror.example/debian
Suites: bookworm bookworm-updates
Components: main

Types: deb
Enabled: no
URIs: http://off.example/debian
Suites: bookworm
Components: main

Types: deb
URIs:
 http://a.example/debian
 http://b.example/debian
Suites: trixie
Components: main
`
    expect(parseDeb822Sources(text).map(({ uri, suite }) => `${uri} ${suite}`)).toEqual([
      'http://mirror.example/debian bookworm',
      'http://mirror.example/debian bookworm-updates',
      'http://a.example/debian trixie',
      'http://b.example/debian trixie',
    ])
  })

  const token = fc.constantFrom('Types:', 'URIs:', 'Suites:', 'deb', ' ', '\n', '\t', '[', ']', 'http://m/debian', '#')

  test('of any text parse to sources that name an address and a suite', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(token, fc.string({ unit: 'binary' }))), (tokens) => {
        const text = tokens.join('')
        for (const { uri, suite } of [...parseDeb822Sources(text), ...parseOneLineSources(text)])
          expect([uri, suite].every((field) => field !== '' && !/\s/.test(field))).toBe(true)
      }),
    )
  })
})

describe('the mirror', () => {
  const main = ['main']
  test('is the archive of Debian itself, without a closing slash', () => {
    const sources = [
      { uri: 'https://packages.example/apt', suite: 'nodistro', components: main },
      { uri: 'http://mirror.example/debian-security', suite: 'bookworm-security', components: main },
      { uri: 'http://mirror.example/debian', suite: 'bookworm', components: ['contrib'] },
      { uri: 'http://mirror.example/debian/', suite: 'bookworm', components: main },
    ]
    expect(chooseMirror(sources)).toBe('http://mirror.example/debian')
  })

  test('is unknown without one', () => {
    expect(chooseMirror([{ uri: 'https://packages.example/apt', suite: 'bookworm', components: main }])).toBeUndefined()
  })

  test("is found in apt's own folder", async () => {
    const dir = await mkdtemp(join(tmpdir(), 'apt-'))
    try {
      expect(await readAptSources(dir)).toEqual([])
      await mkdir(join(dir, 'sources.list.d'))
      await writeFile(
        join(dir, 'sources.list.d/debian.sources'),
        'Types: deb\nURIs: http://m/debian\nSuites: bookworm\nComponents: main\n',
      )
      await writeFile(join(dir, 'sources.list.d/README'), 'deb http://not/debian bookworm main\n')
      expect(await readAptSources(dir)).toEqual([{ uri: 'http://m/debian', suite: 'bookworm', components: ['main'] }])
    } finally {
      await rm(dir, { recursive: true })
    }
  })
})
