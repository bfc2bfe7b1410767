import type { OutsideReference } from '../outside.ts'
import type { DefaultedKey, Given, Key, Reader } from '../schema/schema.ts'

/** An effective value and where it comes from. */
export interface Setting {
  /** Path of the key, e.g. "pools.training.scaling.min_nodes". */
  key: string
  /** As it would be written in the file; "(redacted)" for secrets, empty when there is none. */
  value: string
  /** "FILE:LINE", or in words: "default", "implied by …". */
  source: string
}

export type Candidates<T> = readonly (Given<T> | undefined)[]

/** Turns what the file gives into effective values, and notes each with its source. */
export interface Resolver {
  file: string
  reader: Reader
  rows: Setting[]
  /** What the file relies on outside of it, as it was come upon. */
  outside: OutsideReference[]
  /** The first layer that gives a value wins; the candidates of one layer are one setting and must agree. */
  pick<T>(name: string, key: DefaultedKey<T>, ...layers: Candidates<T>[]): T
  pick<T>(name: string, key: Key<T>, ...layers: Candidates<T>[]): T | undefined
  note(name: string, value: string, source: string): void
}

/** A resolver that reports to `reader`. */
export function createResolver(file: string, reader: Reader): Resolver {
  const rows: Setting[] = []
  const note = (name: string, value: string, source: string) => {
    rows.push({ key: name, value, source })
  }
  const pick = <T>(name: string, key: Key<T>, ...layers: Candidates<T>[]): T | undefined => {
    const show = (value: T) => (key.secret ? '(redacted)' : key.schema.format(value))
    let found: Given<T> | undefined
    for (const layer of layers) {
      const first = agreed(layer, key, reader)
      found ??= first
    }
    const otherwise = key.defaultNote === undefined ? 'default' : `default: ${key.defaultNote}`
    if (found) note(name, show(found.value), `${file}:${found.place.line}`)
    else if (key.default !== undefined) note(name, show(key.default), otherwise)
    else note(name, '', key.defaultNote === undefined ? 'not set' : otherwise)
    return found ? found.value : key.default
  }
  // The overloads promise a value exactly where the key has a default.
  return { file, reader, rows, outside: [], note, pick: pick as Resolver['pick'] }
}

/** The value that all candidates give; where they differ, that is an error at the later one. */
export function agreed<T>(candidates: Candidates<T>, key: Key<T>, reader: Reader): Given<T> | undefined {
  const given = candidates
    .filter((candidate) => candidate !== undefined)
    .sort((a, b) => a.place.line - b.place.line || a.place.column - b.place.column)
  const first = given[0]
  for (const other of given.slice(1)) {
    if (first && JSON.stringify(first.value) !== JSON.stringify(other.value)) {
      const [here, there] = [other, first].map(({ value }) => (key.secret ? '(redacted)' : key.schema.format(value)))
      const where = `${first.path} on line ${first.place.line}`
      reader.error(
        other.place,
        other.path,
        `${here} conflicts with ${there} of ${where}: they are one setting, keep one`,
      )
    }
  }
  return first
}

/** The candidates whose value is not 0, where 0 stands for the default. */
export function unlessZero(candidates: Candidates<number>): Candidates<number> {
  return candidates.filter((candidate) => candidate?.value !== 0)
}
