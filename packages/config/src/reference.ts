import { configKeys } from './keys/config-keys.ts'
import type { Key, Keys, Schema } from './schema/schema.ts'

/** The keys of navarch-config.yaml as Markdown: a table for each kind of mapping, under a heading of the third level. */
export function keysReference(): string {
  const tables: string[] = []
  const shown = new Set<Schema<unknown>>()
  const add = (path: string, heading: string, keys: Keys) => {
    const rows = Object.entries(keys).map(([name, key]) => row(name, key))
    const table = ['| Key | Takes | Default | Meaning |', '|---|---|---|---|', ...rows]
    tables.push(`### ${heading}\n\n${table.join('\n')}`)
    for (const [name, { schema }] of Object.entries(keys)) {
      if (shown.has(schema)) continue
      shown.add(schema)
      for (const section of schema.sections?.() ?? []) {
        const below = `${path === '' ? name : `${path}.${name}`}${section.suffix}`
        add(below, `\`${below}\`${section.title === undefined ? '' : ` of type ${section.title}`}`, section.keys)
      }
    }
  }
  add('', 'Top level', configKeys)
  return `${tables.join('\n\n')}\n`
}

function row(name: string, key: Key<unknown>): string {
  const inactive = key.inactive === undefined ? '' : ` *Accepted, not active yet: ${key.inactive}.*`
  const cells = [`\`${name}\``, key.schema.rule, defaultCell(key), `${key.doc}${inactive}`]
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
}

function defaultCell(key: Key<unknown>): string {
  if (key.required) return 'required'
  if (key.defaultNote !== undefined) return key.defaultNote
  if (key.default === undefined) return ''
  const text = key.schema.format(key.default)
  return text === '' ? '' : `\`${text}\``
}
