import type { Place } from '../problem.ts'
import type { SourceNode } from '../source-tree.ts'
import { asMap, joinPath, objectJsonSchema, readObject } from './containers.ts'
import { choice } from './scalars.ts'
import type { SchemaSection } from './schema.ts'
import {
  type Definitions,
  type JsonSchema,
  type Keys,
  key,
  type ObjectValue,
  type Reader,
  type Schema,
} from './schema.ts'

/** A mapping whose `type` says which keys it may have. */
export type Variant<T extends string, K extends Keys> = ObjectValue<K> & {
  type: T
  /** Where `type` is given; absent when it was inferred. */
  typePlace?: Place
}

export type VariantOf<V extends { [type: string]: Keys }> = {
  [T in keyof V & string]: Variant<T, V[T]>
}[keyof V & string]

/** What is said of a type that is accepted and not active yet, by type. */
export type InactiveTypes = { [type: string]: string }

/**
 * Reads a mapping whose keys depend on its `type`.
 * @param inferred the type where none is given
 */
export function readVariant<V extends { [type: string]: Keys }>(
  variants: V,
  node: SourceNode,
  path: string,
  reader: Reader,
  options: { inferred?: keyof V & string; doc: string; inactive?: InactiveTypes },
): VariantOf<V> | undefined {
  const map = asMap(node, path, reader, 'a mapping')
  if (!map) return undefined
  const words = Object.keys(variants)
  const entry = map.entries.find((each) => each.key === 'type')
  const typePath = joinPath(path, 'type')
  let type: string | undefined = options.inferred
  if (entry && !(entry.value.kind === 'scalar' && entry.value.value === null)) {
    type = choice(words).read(entry.value, typePath, reader)
    if (type === undefined) return undefined
  }
  const keys = type === undefined ? undefined : variants[type]
  if (type === undefined || !keys) {
    reader.error(map.place, typePath, `is missing: one of ${words.join(', ')}`)
    return undefined
  }
  const value = readObject({ type: typeKey(words, options.doc), ...keys }, node, path, reader, ` of type ${type}`)
  if (!value) return undefined
  const inactive = options.inactive?.[type]
  if (inactive !== undefined) reader.inactive(entry?.value.place ?? map.place, typePath, `${type}: ${inactive}`)
  // The keys were read by the variant that `type` names.
  return { ...value, type, ...(entry && { typePlace: entry.value.place }) } as unknown as VariantOf<V>
}

/** The JSON Schema of a mapping whose keys depend on its `type`. */
export function variantsJsonSchema(
  variants: { [type: string]: Keys },
  doc: string,
  definitions: Definitions,
  options: { typeRequired: boolean },
): JsonSchema {
  return {
    anyOf: Object.entries(variants).map(([type, keys]) => {
      const schema = objectJsonSchema(keys, definitions)
      const required = Array.isArray(schema['required']) ? schema['required'] : []
      return {
        ...schema,
        title: type,
        properties: { type: { const: type, description: doc }, ...asRecord(schema['properties']) },
        required: options.typeRequired ? ['type', ...required] : required,
      }
    }),
  }
}

/** The tables of keys of each type; types with the same keys share one. */
export function variantSections(
  variants: { [type: string]: Keys },
  doc: string,
  options: { typeRequired: boolean },
): SchemaSection[] {
  const types = Map.groupBy(Object.keys(variants), (type) => variants[type] ?? {})
  const type = { ...typeKey(Object.keys(variants), doc), required: options.typeRequired }
  return [...types].map(([keys, titles]) => ({ suffix: '', title: titles.join(', '), keys: { type, ...keys } }))
}

/** A schema that is defined further down or contains itself; it gets a name in the JSON Schema. */
export function named<T>(name: string, schema: () => Schema<T>): Schema<T> {
  return {
    rule: 'a mapping with a type',
    read: (node, path, reader) => schema().read(node, path, reader),
    format: (value) => schema().format(value),
    jsonSchema(definitions) {
      if (!definitions.has(name)) {
        definitions.set(name, {})
        definitions.set(name, schema().jsonSchema(definitions))
      }
      return { $ref: `#/$defs/${name}` }
    },
  }
}

function typeKey(words: readonly string[], doc: string) {
  return key(choice(words), doc)
}

function asRecord(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? { ...value } : {}
}
