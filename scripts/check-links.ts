/** Relative links of Markdown files: the file must be there, and so must the heading behind `#`. */
import { dirname, join, normalize } from 'node:path/posix'
import { listFiles, readFiles } from './source-files.ts'

/** Links that lead nowhere, as `path:line: …`. `markdown` has contents by path, `paths` all files of the repository. */
export function findBrokenLinks(markdown: ReadonlyMap<string, string>, paths: readonly string[]): string[] {
  const known = new Set(paths.flatMap((path) => [path, ...parents(path)]))
  const problems: string[] = []
  for (const [path, content] of markdown) {
    const lines = withoutCode(content).split('\n')
    for (const [index, line] of lines.entries()) {
      for (const [, target = ''] of line.matchAll(/\]\(([^()\s]+)\)/g)) {
        const why = whyBroken(path, target, markdown, known)
        if (why !== undefined) problems.push(`${path}:${index + 1}: link ${target}: ${why}`)
      }
    }
  }
  return problems
}

function whyBroken(
  from: string,
  target: string,
  markdown: ReadonlyMap<string, string>,
  known: ReadonlySet<string>,
): string | undefined {
  if (/^[a-z]+:/.test(target)) return undefined
  const [file = '', anchor] = target.split('#')
  const path = file === '' ? from : normalize(join(dirname(from), file)).replace(/\/$/, '')
  if (!known.has(path)) return 'there is no such file'
  if (anchor === undefined || !path.endsWith('.md')) return undefined
  return anchorsOf(markdown.get(path) ?? '').has(anchor) ? undefined : `${path} has no such heading`
}

/** Anchors of a file's headings, as GitHub makes them. */
export function anchorsOf(content: string): Set<string> {
  const headings = [...withoutCode(content).matchAll(/^#{1,6} (.+)$/gm)].map(([, title = '']) => title)
  const anchors = new Set<string>()
  for (const heading of headings) {
    const anchor = heading
      .trim()
      .toLowerCase()
      .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1')
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(/\s/g, '-')
    let unique = anchor
    for (let count = 1; anchors.has(unique); count++) unique = `${anchor}-${count}`
    anchors.add(unique)
  }
  return anchors
}

/** Blanks fenced blocks and keeps the count of lines. */
function withoutCode(content: string): string {
  return content.replaceAll(/^( *)(```+)[^\n]*\n[\s\S]*?^\1\2 *$/gm, (block) => block.replaceAll(/[^\n]/g, ''))
}

function parents(path: string): string[] {
  const parts = path.split('/').slice(0, -1)
  return parts.map((_, index) => parts.slice(0, index + 1).join('/'))
}

/** Broken links of the repository. */
export async function checkLinks(): Promise<string[]> {
  return findBrokenLinks(await readFiles((path) => path.endsWith('.md')), await listFiles())
}
