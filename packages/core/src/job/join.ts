/**
 * Joins: ways to put two reports of one fact together that do not mind order or repetition. Each is the maximum of a total order,
 * so it is commutative, associative and idempotent, and what uses joins alone is so too.
 */

/** The value that is known; of two, the one that says more, and then the later by its JSON. */
export function joinValue<T>(a: T | undefined, b: T | undefined): T | undefined {
  if (a === undefined || isEmpty(a)) return b === undefined ? a : b
  if (b === undefined || isEmpty(b) || a === b) return a
  if (typeof a === 'number' && typeof b === 'number') return a >= b ? a : b
  const [textA, textB] = [JSON.stringify(a), JSON.stringify(b)]
  if (textA.length !== textB.length) return textA.length > textB.length ? a : b
  return textA >= textB ? a : b
}

/** Each field joined by itself. Returns `a` itself when `b` adds nothing. */
export function joinFields<T extends object>(a: T, b: T): T {
  const joined: Record<string, unknown> = Object.fromEntries(Object.entries(a))
  let changed = false
  for (const [key, value] of Object.entries(b)) {
    const before = joined[key]
    const after = joinValue(before, value)
    if (after === before || after === undefined) continue
    if (before !== undefined && JSON.stringify(after) === JSON.stringify(before)) continue
    joined[key] = after
    changed = true
  }
  return changed ? { ...a, ...joined } : a
}

function isEmpty(value: unknown): boolean {
  return value === '' || (Array.isArray(value) && value.length === 0)
}
