import { SlurmParseError } from './slurm-error.ts'

/** Numbers from `first` to `last`, printed with at least `width` digits. */
interface Range {
  first: number
  last: number
  width: number
}

/** One item of a hostlist: literal text and bracketed ranges in turn, any number of them. */
interface HostPattern {
  parts: (string | Range[])[]
}

/** Hosts that `expandHostlist` gives at most, unless told otherwise. slurm.conf itself allows 65,536 nodes. */
export const defaultHostLimit = 1_000_000

/**
 * Expands a hostlist such as `n[1-3],rack[1-2]n[01-03]-ib0` into names, in the order in which Slurm does it.
 * @param limit most names that are wanted
 * @throws SlurmParseError with the position of what does not fit, or when there are more than `limit` names
 */
export function expandHostlist(text: string, limit: number = defaultHostLimit): string[] {
  const patterns = parseHostlist(text)
  const total = patterns.reduce((sum, pattern) => sum + patternCount(pattern), 0)
  if (total > limit) throw new SlurmParseError(`a hostlist of ${total} names, more than ${limit}`, text)
  return patterns.flatMap(expandPattern)
}

/**
 * How many names a hostlist has, without expanding it.
 * @throws SlurmParseError
 */
export function countHosts(text: string): number {
  return parseHostlist(text).reduce((sum, pattern) => sum + patternCount(pattern), 0)
}

/**
 * Writes names as a hostlist, the way `scontrol show hostlist` does: the order is kept, and neighbours that differ only
 * in the number at their end share one bracket. Expanding the result gives the same names in the same order.
 * @throws SlurmParseError when a name is empty or holds a comma, bracket or white space
 */
export function compressHosts(names: Iterable<string>): string {
  const items: string[] = []
  let prefix: string | undefined
  let ranges: Range[] = []
  const close = () => {
    if (prefix !== undefined) items.push(prefix + formatRanges(ranges))
    prefix = undefined
    ranges = []
  }
  for (const name of names) {
    if (name === '' || /[\s,[\]]/.test(name)) throw new SlurmParseError('not a host name', name)
    const match = /^(.*?)(\d{1,15})$/s.exec(name)
    if (!match) {
      close()
      items.push(name)
      continue
    }
    const [, head = '', digits = ''] = match
    if (head !== prefix) {
      close()
      prefix = head
    }
    const number = Number(digits)
    const range = ranges.at(-1)
    if (range && number === range.last + 1 && pad(number, range.width) === digits) range.last = number
    else ranges.push({ first: number, last: number, width: digits.length })
  }
  close()
  return items.join(',')
}

function formatRanges(ranges: readonly Range[]): string {
  const texts = ranges.map(({ first, last, width }) =>
    first === last ? pad(first, width) : `${pad(first, width)}-${pad(last, width)}`,
  )
  return ranges.length === 1 && ranges[0]?.first === ranges[0]?.last ? (texts[0] ?? '') : `[${texts.join(',')}]`
}

function parseHostlist(text: string): HostPattern[] {
  const patterns: HostPattern[] = []
  let parts: (string | Range[])[] = []
  let at = 0
  const finish = () => {
    if (parts.length > 0) patterns.push({ parts })
    parts = []
  }
  while (at < text.length) {
    const character = text[at] ?? ''
    if (/[\s,]/.test(character)) {
      finish()
      at++
    } else if (character === '[') {
      const end = text.indexOf(']', at)
      if (end < 0) throw new SlurmParseError('a hostlist bracket that is not closed', text, at)
      parts.push(parseRanges(text, at + 1, end))
      at = end + 1
    } else if (character === ']') {
      throw new SlurmParseError('a hostlist bracket that is not open', text, at)
    } else {
      const literal = /[^\s,[\]]+/y
      literal.lastIndex = at
      const [found = ''] = literal.exec(text) ?? []
      parts.push(found)
      at += found.length
    }
  }
  finish()
  return patterns
}

function parseRanges(text: string, start: number, end: number): Range[] {
  const ranges: Range[] = []
  let at = start
  for (const item of text.slice(start, end).split(',')) {
    const match = /^(\d{1,15})(?:-(\d{1,15}))?$/.exec(item)
    if (!match) throw new SlurmParseError('not a number or range in a hostlist bracket', text, at)
    const [, low = '', high = low] = match
    const range = { first: Number(low), last: Number(high), width: low.length }
    if (range.last < range.first) throw new SlurmParseError('a hostlist range that runs backwards', text, at)
    ranges.push(range)
    at += item.length + 1
  }
  return ranges
}

function patternCount(pattern: HostPattern): number {
  return pattern.parts.reduce<number>(
    (product, part) => product * (typeof part === 'string' ? 1 : rangesCount(part)),
    1,
  )
}

function rangesCount(ranges: readonly Range[]): number {
  return ranges.reduce((sum, range) => sum + range.last - range.first + 1, 0)
}

/** The last bracket turns fastest. */
function expandPattern(pattern: HostPattern): string[] {
  return pattern.parts.reduce<string[]>(
    (heads, part) => {
      if (typeof part === 'string') return heads.map((head) => head + part)
      const numbers = part.flatMap(numbersOf)
      return heads.flatMap((head) => numbers.map((number) => head + number))
    },
    [''],
  )
}

function numbersOf(range: Range): string[] {
  return Array.from({ length: range.last - range.first + 1 }, (_, index) => pad(range.first + index, range.width))
}

function pad(number: number, width: number): string {
  return String(number).padStart(width, '0')
}
