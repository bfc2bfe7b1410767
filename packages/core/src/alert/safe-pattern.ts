/** What a pattern may be, for error messages. */
export const patternRule =
  'a regular expression of at most 200 characters, with at most 4 of "*", "+" and "{", none of them after ")", with few "?" and alternatives in brackets, and without back-references'

const longest = 200
const mostRepeats = 4

/**
 * Compiles a pattern that comes from people. JavaScript's engine goes back, so that some patterns take hours on a short name:
 * a repeated group, many repeats, many optional parts. These are refused, which leaves what one writes for names of hosts.
 * @returns undefined when it is not allowed, or no regular expression
 */
export function safePattern(source: string): RegExp | undefined {
  return isBounded(source) ? compiled(source) : undefined
}

/** As `safePattern`, for the whole text. */
export function wholePattern(source: string): RegExp | undefined {
  return safePattern(source) && compiled(`^(?:${source})$`)
}

/** Whether the work on a host name is bounded: each repeat multiplies it by the name's length, each choice by its ways. */
function isBounded(source: string): boolean {
  if (source.length > longest) return false
  // Escapes and classes have no repeats in them.
  const plain = source.replace(/\\[^\dk]/g, 'x').replace(/\[(?:[^\]])*\]/g, 'x')
  if (/\\[1-9k]/.test(plain) || /\)[*+{]/.test(plain)) return false
  const repeats = plain.match(/[*+{]/g)?.length ?? 0
  return repeats <= mostRepeats && waysOf(plain) <= 4 ** (mostRepeats + 1 - repeats)
}

/** In how many ways its optional parts and the alternatives of its groups combine; alternatives of the whole only add up. */
function waysOf(plain: string): number {
  let ways = 1
  const open: number[] = []
  for (const sign of plain) {
    if (sign === '?') ways *= 2
    else if (sign === '(') open.push(1)
    else if (sign === '|' && open.length > 0) open.push((open.pop() ?? 0) + 1)
    else if (sign === ')') ways *= open.pop() ?? 1
  }
  return ways
}

function compiled(source: string): RegExp | undefined {
  try {
    return new RegExp(source)
  } catch {
    return undefined
  }
}
