import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'

/** One binary-package source of apt. */
export interface AptSource {
  uri: string
  suite: string
  components: string[]
}

/**
 * Parses a one-line-style file (`*.list`). Lines that are not `deb` sources are left out.
 * @see https://manpages.debian.org/bookworm/apt/sources.list.5.en.html
 */
export function parseOneLineSources(text: string): AptSource[] {
  return text.split('\n').flatMap((line) => {
    const match = /^\s*deb\s+(?:\[[^\]]*\]\s*)?(\S+)\s+(\S+)((?:\s+[^\s#]+)*)/.exec(line.replace(/#.*/, ''))
    if (!match) return []
    const [, uri = '', suite = '', components = ''] = match
    return [{ uri, suite, components: words(components) }]
  })
}

/** Parses a deb822-style file (`*.sources`). Disabled stanzas and source-package types are left out. */
export function parseDeb822Sources(text: string): AptSource[] {
  return text
    .replace(/^#.*\n?/gm, '')
    .split(/\n[ \t]*\n/)
    .flatMap((stanza) => {
      const fields = parseFields(stanza)
      if (!words(fields.get('types')).includes('deb')) return []
      if (/^(no|false|without|off|disable|0)$/i.test(fields.get('enabled') ?? 'yes')) return []
      const components = words(fields.get('components'))
      return words(fields.get('uris')).flatMap((uri) =>
        words(fields.get('suites')).map((suite) => ({ uri, suite, components })),
      )
    })
}

/**
 * The mirror that this machine installs Debian itself from: an archive with `main` whose suite is a release,
 * not its security or third-party archive. Undefined when there is none.
 */
export function chooseMirror(sources: readonly AptSource[]): string | undefined {
  const release = /^(bookworm|trixie|forky|duke|sid|unstable|testing|stable|oldstable)(-updates)?$/
  const found = sources.find(
    ({ uri, suite, components }) =>
      components.includes('main') && release.test(suite) && /^(https?|file|copy):\/.*\/debian\/?$/.test(uri),
  )
  return found?.uri.replace(/\/$/, '')
}

/** Reads all of apt's sources below `aptDir` (normally `/etc/apt`). Files that are not there count as empty. */
export async function readAptSources(aptDir: string): Promise<AptSource[]> {
  const parts = join(aptDir, 'sources.list.d')
  const names = await readdir(parts).catch(() => [])
  const files = [join(aptDir, 'sources.list'), ...names.sort().map((name) => join(parts, name))]
  const parsed = await Promise.all(
    files.map(async (file) => {
      const text = await readFile(file, 'utf8').catch(() => '')
      return file.endsWith('.sources')
        ? parseDeb822Sources(text)
        : file.endsWith('.list')
          ? parseOneLineSources(text)
          : []
    }),
  )
  return parsed.flat()
}

function parseFields(stanza: string): Map<string, string> {
  const fields = new Map<string, string>()
  let key = ''
  for (const line of stanza.split('\n')) {
    const field = /^([A-Za-z][A-Za-z0-9-]*):(.*)$/.exec(line)
    if (field?.[1] !== undefined) {
      key = field[1].toLowerCase()
      fields.set(key, (field[2] ?? '').trim())
    } else if (/^[ \t]/.test(line)) fields.set(key, `${fields.get(key) ?? ''} ${line}`)
  }
  return fields
}

function words(text: string | undefined): string[] {
  return (text ?? '').split(/\s+/).filter(Boolean)
}
