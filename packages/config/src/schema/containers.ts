import { nearestWord } from '../nearest.ts'
import type { MapNode, SourceNode } from '../source-tree.ts'
import {
  type Definitions,
  type Given,
  type JsonSchema,
  type Key,
  type Keys,
  type ObjectValue,
  type Reader,
  type Schema,
  showNode,
} from './schema.ts'

/** A list; items that are wrong are reported and left out. */
export function list<T>(item: Schema<T>, rule = 'a list'): Schema<T[]> {
  return {
    rule,
    read(node, path, reader) {
      if (!reader.visit(node.place, path)) return undefined
      if (node.kind !== 'list') {
        reader.error(node.place, path, `must be ${rule}, not ${showNode(node)}`)
        return undefined
      }
      const items = node.items.map((value, index) => item.read(value, `${path}[${index}]`, reader))
      return items.filter((value) => value !== undefined)
    },
    format: (value) => value.map((each) => item.format(each)).join(', '),
    jsonSchema: (definitions) => ({ type: 'array', items: item.jsonSchema(definitions) }),
    sections: () => (item.sections?.() ?? []).map((section) => ({ ...section, suffix: `[]${section.suffix}` })),
  }
}

/**
 * A mapping of free keys to values of one kind.
 * @param options.anyName its keys are names of others' making, which may have spaces
 */
export function record<const T extends string>(
  value: Schema<T>,
  rule = 'a mapping of names to values',
  options: { anyName?: boolean } = {},
): Schema<Record<string, T>> {
  const isKey = options.anyName ? /^[^\p{Cc}]{1,317}$/u : /^[^\p{Cc}\s]{1,317}$/u
  return {
    rule,
    read(node, path, reader) {
      const map = asMap(node, path, reader, rule)
      if (!map) return undefined
      const entries: [string, T][] = []
      for (const entry of map.entries) {
        const entryPath = joinPath(path, entry.key)
        if (!isKey.test(entry.key)) {
          const spaces = options.anyName ? '' : ' without spaces'
          reader.error(entry.keyPlace, entryPath, `must be a name${spaces}, at most 317 characters`)
          continue
        }
        const read = value.read(entry.value, entryPath, reader)
        if (read !== undefined) entries.push([entry.key, read])
      }
      return Object.fromEntries(entries) as Record<string, T>
    },
    format: (record) =>
      Object.entries(record)
        .map(([name, each]) => `${name}=${each}`)
        .join(', '),
    jsonSchema: (definitions) => ({ type: 'object', additionalProperties: value.jsonSchema(definitions) }),
  }
}

/** A mapping of known keys. */
export function object<K extends Keys>(keys: K): Schema<ObjectValue<K>> {
  return {
    rule: 'a mapping',
    read: (node, path, reader) => readObject(keys, node, path, reader),
    format: () => '',
    jsonSchema: (definitions) => objectJsonSchema(keys, definitions),
    sections: () => [{ suffix: '', keys }],
  }
}

/**
 * Reads a mapping of known keys. Unknown keys, missing ones and wrong values are reported; the rest is returned.
 * A key with nothing behind it counts as not given.
 * @param where what the keys belong to where it is not plain from the path, e.g. " of type queue"
 */
export function readObject<K extends Keys>(
  keys: K,
  node: SourceNode,
  path: string,
  reader: Reader,
  where = '',
): ObjectValue<K> | undefined {
  const errorsBefore = reader.errorCount()
  const map = asMap(node, path, reader, 'a mapping')
  if (!map) return undefined
  const given: { [name: string]: Given<unknown> } = {}
  const missing = new Set(Object.keys(keys).filter((name) => keys[name]?.required))
  for (const entry of map.entries) {
    const known = Object.hasOwn(keys, entry.key) ? keys[entry.key] : undefined
    const entryPath = joinPath(path, entry.key)
    if (!known) {
      const near = nearestWord(entry.key, Object.keys(keys))
      const hint = near === undefined ? `allowed: ${Object.keys(keys).join(', ')}` : `did you mean "${near}"?`
      reader.error(entry.keyPlace, entryPath, `unknown key${where}; ${hint}`)
      continue
    }
    if (entry.value.kind === 'scalar' && entry.value.value === null) continue
    missing.delete(entry.key)
    const value = known.schema.read(entry.value, entryPath, reader)
    if (value === undefined) continue
    given[entry.key] = { value, place: entry.value.place, path: entryPath }
    if (known.inactive !== undefined) reader.inactive(entry.keyPlace, entryPath, known.inactive)
  }
  for (const name of missing) reader.error(map.place, joinPath(path, name), `is missing: ${keys[name]?.schema.rule}`)
  return {
    place: map.place,
    path,
    intact: reader.errorCount() === errorsBefore,
    // Each value was read by the schema of its key, which the type checker cannot follow through the loop.
    given: given as ObjectValue<K>['given'],
  }
}

/** The JSON Schema of a mapping of known keys. */
export function objectJsonSchema(keys: Keys, definitions: Definitions): JsonSchema {
  const properties: JsonSchema = {}
  const required: string[] = []
  for (const [name, key] of Object.entries(keys)) {
    const schema = key.schema.jsonSchema(definitions)
    const written = writtenDefault(key, schema)
    const inactive = key.inactive === undefined ? '' : ` Accepted, not active yet: ${key.inactive}.`
    properties[name] = {
      ...schema,
      description: `${key.doc}${inactive}`,
      ...(written !== undefined && { default: written }),
    }
    if (key.required) required.push(name)
  }
  return { type: 'object', additionalProperties: false, properties, ...(required.length > 0 && { required }) }
}

/** The default as it would be written in the file. */
function writtenDefault(key: Key<unknown>, { type }: JsonSchema): unknown {
  const asItIs = type === 'integer' || type === 'number' || type === 'boolean' || type === 'array' || type === 'object'
  return key.default === undefined || asItIs ? key.default : key.schema.format(key.default)
}

/** The node as a mapping, or undefined after an error. */
export function asMap(node: SourceNode, path: string, reader: Reader, rule: string): MapNode | undefined {
  if (!reader.visit(node.place, path)) return undefined
  if (node.kind === 'map') return node
  reader.error(node.place, path, `must be ${rule}, not ${showNode(node)}`)
  return undefined
}

/** The path of a key inside a mapping. */
export function joinPath(path: string, key: string): string {
  const safe = /^[\w.<-]{1,80}$/.test(key) ? key : JSON.stringify(key.slice(0, 80))
  return path === '' ? safe : `${path}.${safe}`
}
