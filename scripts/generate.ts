/**
 * Writes everything in the repository that is made from something else in it.
 *
 *   node scripts/generate.ts [--check]
 *
 * `--check` writes nothing, and exits 1 when a file is not what it would be.
 */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { configJsonSchemaText } from '@navarch/config/config-json-schema'
import { keysReference } from '@navarch/config/reference'
import { runCommand } from '@navarch/system/run-command'
import { renderXidCatalog } from '../packages/core/scripts/generate-xid-catalog.ts'
import { assembleHooks } from '../packages/hooks/scripts/assemble-hooks.ts'
import { dashboardFiles } from './grafana/dashboards.ts'
import { readFiles, root } from './source-files.ts'

/** Files by path, relative to the root, with the content that they should have. */
type Files = ReadonlyMap<string, string>

const read = (path: string) => readFile(join(root, path), 'utf8')

/** Each source of generated files, by the name of what it starts from. */
const generators: Readonly<Record<string, () => Promise<Files>>> = {
  'proto/': generateMessages,
  'the configuration keys': async () =>
    new Map([
      ['packages/config/navarch-config.schema.json', configJsonSchemaText()],
      ['docs/configuration.md', between(await read('docs/configuration.md'), 'keys', keysReference())],
    ]),
  'the commands of navarch': async () => {
    const { cliReference } = await import('@navarch/cli/reference')
    return new Map([['docs/cli.md', cliReference()]])
  },
  'scripts/grafana/': async () => dashboardFiles(),
  'packages/hooks/scripts': () => assembleHooks((name) => read(`packages/hooks/scripts/${name}`)),
  'packages/core/data/xid-catalog.csv': async () =>
    new Map([
      [
        'packages/core/src/health/xid-catalog.generated.ts',
        renderXidCatalog(await read('packages/core/data/xid-catalog.csv')),
      ],
    ]),
}

/** Makes every generated file anew; one that cannot be made does not stop the others. */
export async function generate(mode: 'check' | 'write'): Promise<{ changes: string[]; failures: string[] }> {
  const changes: string[] = []
  const failures: string[] = []
  for (const [source, make] of Object.entries(generators)) {
    try {
      for (const [path, content] of await make()) {
        const current = await read(path).catch(() => undefined)
        if (current === content) continue
        if (mode === 'write') await writeFile(join(root, path), content)
        changes.push(mode === 'write' ? `wrote ${path}` : `${path} is not what ${source} makes: npm run generate`)
      }
    } catch (error) {
      failures.push(`cannot generate from ${source}: ${error instanceof Error ? error.message : error}`)
    }
  }
  return { changes, failures }
}

async function generateMessages(): Promise<Files> {
  const folder = await mkdtemp(join(tmpdir(), 'navarch-generate-'))
  try {
    const bin = join(root, 'node_modules', '.bin')
    const args = ['generate', root, '--template', join(root, 'buf.gen.yaml'), '-o', folder]
    // buf looks for its plugin in PATH.
    const env = { PATH: `${bin}:${process.env['PATH']}` }
    const result = await runCommand(join(bin, 'buf'), args, { deadlineMs: 60_000, env })
    if (result.code !== 0) throw new Error(`buf generate: ${result.stderr}${result.stdout}`)
    return await readFiles(() => true, folder)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** `document` with the lines between the comments `<!-- NAME:begin -->` and `<!-- NAME:end -->` replaced. */
export function between(document: string, name: string, content: string): string {
  const [begin, end] = [`<!-- ${name}:begin -->\n`, `<!-- ${name}:end -->`]
  const from = document.indexOf(begin)
  const to = document.indexOf(end)
  if (from < 0 || to < from) throw new Error(`the document lacks ${begin.trim()} or ${end}`)
  return `${document.slice(0, from + begin.length)}\n${content}\n${document.slice(to)}`
}

if (import.meta.main) {
  const { values } = parseArgs({ options: { check: { type: 'boolean', default: false } } })
  const { changes, failures } = await generate(values.check ? 'check' : 'write')
  for (const line of [...changes, ...failures]) console.log(line)
  process.exitCode = failures.length > 0 || (values.check && changes.length > 0) ? 1 : 0
}
