type SnakeText<S extends string> = S extends `${infer Head}${infer Tail}`
  ? `${Head extends Lowercase<Head> ? Head : `_${Lowercase<Head>}`}${SnakeText<Tail>}`
  : S

/** A value whose keys are written as the API has them: `cpuSeconds` as `cpu_seconds`. */
export type SnakeKeys<T> = T extends readonly (infer Item)[]
  ? SnakeKeys<Item>[]
  : T extends object
    ? { [K in keyof T as K extends string ? SnakeText<K> : K]: SnakeKeys<T[K]> }
    : T

/** Plain data with its keys in snake case, at every depth; what is undefined is left out. */
export function snakeKeys<T>(value: T): SnakeKeys<T> {
  return convert(value) as SnakeKeys<T>
}

function convert(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(convert)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, each]) => each !== undefined)
      .map(([key, each]) => [key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`), convert(each)]),
  )
}
