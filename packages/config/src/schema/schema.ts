import type { Place } from '../problem.ts'
import type { SourceNode } from '../source-tree.ts'

/** A JSON Schema (draft 2020-12) as plain data. */
export type JsonSchema = { [keyword: string]: unknown }

/** Schemas that are referred to by name, which recursive ones need. */
export type Definitions = Map<string, JsonSchema>

/** Takes what reading finds; no schema throws. */
export interface Reader {
  placeOf(offset: number): Place
  error(place: Place, path: string, message: string): void
  warn(place: Place, path: string, message: string): void
  /** Something was accepted that does nothing yet; `note` says what holds instead. */
  inactive(place: Place, path: string, note: string): void
  errorCount(): number
  /** False when the file expands (through aliases) to more values than are read; said once. */
  visit(place: Place, path: string): boolean
}

/** How one kind of value is read, shown, and described to an editor and to a reader of the documentation. */
export interface Schema<T> {
  /** What is allowed, to follow "must be", e.g. "a whole number of at least 0". */
  rule: string
  /** The value, or undefined when an error was reported. */
  read(node: SourceNode, path: string, reader: Reader): T | undefined
  /** The value on one line. */
  format(value: T): string
  jsonSchema(definitions: Definitions): JsonSchema
  /** The keys inside, for the documentation. */
  sections?(): SchemaSection[]
}

/** A table of keys: those at `suffix` below a key, e.g. "[]" for a list's items; `title` tells variants apart. */
export interface SchemaSection {
  suffix: string
  title?: string
  keys: Keys
}

/** A key of a mapping: the one place that says what it means, what it takes and what it is when absent. */
export interface Key<T> {
  schema: Schema<T>
  /** One sentence, for the editor, the documentation and the reader of this file. */
  doc: string
  default?: T
  /** The default in words where it is not a constant. */
  defaultNote?: string
  required?: boolean
  /** Never shown. */
  secret?: boolean
  /** Accepted and not active yet; what holds instead. */
  inactive?: string
}

export type Keys = { [name: string]: Key<unknown> }

/** A value that the file gives, and where. */
export interface Given<T> {
  value: T
  place: Place
  path: string
}

export type ValueOf<K> = K extends Key<infer T> ? T : never

/** A mapping as it was read: the keys that were given and are well-formed. */
export interface ObjectValue<K extends Keys> {
  place: Place
  path: string
  /** Whether all in it was well-formed. If not, what is absent here may have been given. */
  intact: boolean
  given: { [P in keyof K]?: Given<ValueOf<K[P]>> }
}

/** A key that has a value even when the file gives none. */
export type DefaultedKey<T> = Key<T> & { default: T }

type KeyOptions<T> = Omit<Key<T>, 'schema' | 'doc'>

/** Defines a key; exists so that the value's type is inferred. */
export function key<const T>(
  schema: Schema<T>,
  doc: string,
  options: KeyOptions<T> & { default: NoInfer<T> },
): DefaultedKey<T>
export function key<const T>(schema: Schema<T>, doc: string, options?: KeyOptions<T>): Key<T>
export function key<const T>(schema: Schema<T>, doc: string, options: KeyOptions<T> = {}): Key<T> {
  return { schema, doc, ...options }
}

/** A node as an error message shows it. */
export function showNode(node: SourceNode): string {
  if (node.kind === 'map') return 'a mapping'
  if (node.kind === 'list') return 'a list'
  if (node.value === null) return 'nothing'
  const text = typeof node.value === 'string' ? JSON.stringify(node.value) : node.source
  return text.length > 60 ? `${text.slice(0, 57)}...` : text
}
