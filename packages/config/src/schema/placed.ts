import type { Given, Schema } from './schema.ts'

/** A value with its place, for what only a later look can judge. */
export function placed<T>(schema: Schema<T>): Schema<Given<T>> {
  return {
    ...schema,
    read(node, path, reader) {
      const value = schema.read(node, path, reader)
      return value === undefined ? undefined : { value, place: node.place, path }
    },
    format: ({ value }) => schema.format(value),
  }
}
