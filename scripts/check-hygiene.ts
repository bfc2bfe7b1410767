/** What must not be in the repository, and what must agree in it. */
import { readFiles } from './source-files.ts'

/** A text that no file may have. */
interface Unwanted {
  pattern: RegExp
  why: string
}

const unwanted: readonly Unwanted[] = [
  { pattern: /\b(?:TODO|FIXME|HACK)\b/, why: 'finish it, or write it down as an issue' },
  { pattern: /(?:^|[\s"'`(=:])\/(?:(?:work|Users)\/[\w.-]|root\/\w)/, why: "a path of one person's machine" },
  { pattern: /-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----\n[A-Za-z0-9+/]{40}/, why: 'a private key' },
]

/** Where such texts are data: captures of other programs, and these rules with their tests. */
const exempt = /(?:^|\/)fixtures\/|^scripts\/check-hygiene(?:\.test)?\.ts$|^LICENSE$/
const text = /\.(?:ts|js|json|md|ya?ml|sh|service|proto|csv|txt|conf)$|^\.ci\//

/** Everything that is wrong, as `path:line: …`. `files` has contents by path. */
export function findHygieneProblems(files: ReadonlyMap<string, string>): string[] {
  const problems: string[] = []
  for (const [path, content] of files) {
    if (exempt.test(path)) continue
    if (path.endsWith('package-lock.json')) problems.push(...lockProblems(path, content))
    else problems.push(...textProblems(path, content))
  }
  return [...problems, ...versionProblems(files)]
}

function textProblems(path: string, content: string): string[] {
  return content
    .split('\n')
    .flatMap((line, index) =>
      unwanted
        .filter(({ pattern }) => pattern.test(line))
        .map(({ pattern, why }) => `${path}:${index + 1}: ${pattern.exec(line)?.[0].trim()}: ${why}`),
    )
}

/** A lock file names packages and their hashes; where they come from is each reader's own setting. */
function lockProblems(path: string, content: string): string[] {
  const hosts = [...content.matchAll(/"resolved": "(https?:\/\/[^/"]+\/)/g)].map((match) => match[1] ?? '')
  return [...new Set(hosts)].map(
    (host) => `${path}: resolves from ${host}; leave addresses out (npm's omit-lockfile-registry-resolved, see .npmrc)`,
  )
}

function versionProblems(files: ReadonlyMap<string, string>): string[] {
  const versions = new Map<string, string | undefined>()
  for (const [path, content] of files) {
    if (/^(?:packages\/[^/]+\/)?package\.json$/.test(path)) {
      const manifest: { version?: string; dependencies?: Record<string, string> } = JSON.parse(content)
      versions.set(path, manifest.version)
      for (const [name, version] of Object.entries(manifest.dependencies ?? {}))
        if (name.startsWith('@navarch/')) versions.set(`${path} (${name})`, version)
    }
    if (/^packages\/[^/]+\/src\/version\.ts$/.test(path)) versions.set(path, /version = '([^']+)'/.exec(content)?.[1])
  }
  const expected = versions.get('package.json')
  const found = new RegExp(`^## \\[${expected?.replaceAll('.', '\\.')}\\]`, 'm').test(files.get('CHANGELOG.md') ?? '')
  return [
    ...[...versions]
      .filter(([, version]) => version !== expected)
      .map(([path, version]) => `${path}: version ${version ?? 'is missing'}, but package.json has ${expected}`),
    ...(found ? [] : [`CHANGELOG.md: has no section for ${expected}`]),
  ]
}

/** The files that are looked at. */
export function readTexts(): Promise<Map<string, string>> {
  return readFiles((path) => text.test(path))
}
