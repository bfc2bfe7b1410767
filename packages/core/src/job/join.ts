/**
 * Joins: ways to put two reports of one fact together that do not mind order or repetition. Each is the maximum of a total order,
 * so it is commutative, associative and idempotent, and what uses joins alone is so too.
 */

/** The value that says more: a known one, the greater number, the longer JSON, and then the later one. */
function joinValue<T>(a: T | undefined, b: T | undefined): T | undefined {
  const [weightA, weightB] = [weightOf(a), weightOf(b)]
  if (weightA !== weightB) return weightA > weightB ? a : b
  if (a === undefined || a === b) return a
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

/** Senders say "unknown" where they must say something. */
function weightOf(value: unknown): number {
  if (value === undefined) return 0
  if (value === '' || (Array.isArray(value) && value.length === 0)) return 1
  return value === 'unknown' ? 2 : 3
}
