/** What a pattern may be, for error messages. */
export const patternRule =
  'a regular expression of at most 200 characters, with at most 4 of "*", "+" and "{", none of them after ")", and without back-references'

const longest = 200
const mostRepeats = 4

/**
 * Compiles a pattern that comes from people. JavaScript's engine goes back, so that some patterns take hours on a short name:
 * a repeated group, or many repeats. These are refused, which leaves what one writes for names of hosts.
 * @returns undefined when it is not allowed, or no regular expression
 */
export function safePattern(source: string): RegExp | undefined {
  if (source.length > longest) return undefined
  // Escapes and classes have no repeats in them.
  const plain = source.replace(/\\[^\dk]/g, 'x').replace(/\[(?:[^\]])*\]/g, 'x')
  if (/\\[1-9k]/.test(plain) || /\)[*+{]/.test(plain)) return undefined
  if ((plain.match(/[*+{]/g) ?? []).length > mostRepeats) return undefined
  try {
    return new RegExp(source)
  } catch {
    return undefined
  }
}

/** As `safePattern`, for the whole text. */
export function wholePattern(source: string): RegExp | undefined {
  return safePattern(source) && safePattern(`^(?:${source.slice(0, longest - 6)})$`)
}
