/**
 * Joins: ways to put two reports of one fact together that do not mind order or repetition. Each is the maximum of a total order,
 * so it is commutative, associative and idempotent, and what uses joins alone is so too.
 */

/** The value that says more: a known one, the greater number, the longer JSON, and then the later one. */
function joinValue<T>(a: T | undefined, b: T | undefined): T | undefined {
  if (a === b) return a
  const [weightA, weightB] = [weightOf(a), weightOf(b)]
  if (weightA !== weightB) return weightA > weightB ? a : b
  if (typeof a === 'number' && typeof b === 'number') return a >= b ? a : b
  const [textA, textB] = [JSON.stringify(a), JSON.stringify(b)]
  if (textA.length !== textB.length) return textA.length > textB.length ? a : b
  return textA >= textB ? a : b
}

/** Each field joined by itself. Returns `a` itself when `b` adds nothing. */
export function joinFields<T extends object>(a: T, b: T): T {
  let joined: T | undefined
  for (const key in b) {
    const before = a[key]
    const after = joinValue(before, b[key])
    if (after === before || after === undefined) continue
    if (before !== undefined && JSON.stringify(after) === JSON.stringify(before)) continue
    joined ??= { ...a }
    joined[key] = after
  }
  return joined ?? a
}

/** Senders say "unknown" where they must say something. */
function weightOf(value: unknown): number {
  if (value === undefined) return 0
  if (value === '' || (Array.isArray(value) && value.length === 0)) return 1
  return value === 'unknown' ? 2 : 3
}
