import { isNothing, parseCount } from './size.ts'
import { SlurmParseError } from './slurm-error.ts'

/** Generic resources of one kind, e.g. 8 H100 GPUs. */
export interface Gres {
  /** e.g. "gpu", "shard" */
  name: string
  /** e.g. "h100"; undefined when none was named */
  type?: string
  count: number
  /** Index list in use, e.g. "0-1", "0-1,4"; undefined when Slurm did not say. */
  indexes?: string
  /** Sockets it is bound to, e.g. "0-1". */
  sockets?: string
}

/** TRES that 23.11's `cpu:2` writes like generic resources. */
const notGeneric: ReadonlySet<string> = new Set([
  'cpu',
  'mem',
  'node',
  'billing',
  'energy',
  'license',
  'bb',
  'vmem',
  'pages',
])

/**
 * Parses a list of generic resources in every form that Slurm prints: `gpu:h100:8(S:0-1)`, `gpu:h100:2(IDX:0-1)`,
 * `gres/gpu:8`, `gres:gpu:4`, `gres/gpu:h100=2`, `shard:h100:32`, `gpu`. A missing count is 1.
 * Items of a TRES request that are no generic resources (`cpu=2`, `license/matlab:1`) are left out.
 * @returns an empty list for "(null)", "N/A" and ""
 * @throws SlurmParseError
 */
export function parseGresList(text: string): Gres[] {
  if (isNothing(text.trim())) return []
  return splitOutsideBrackets(text.trim()).flatMap((item) => {
    const gres = parseGres(item, text)
    return gres ? [gres] : []
  })
}

/** How many of one resource a list has, of one type or of all. */
export function countGres(list: readonly Gres[], name: string, type?: string): number {
  return list
    .filter((gres) => gres.name === name && (type === undefined || gres.type === type))
    .reduce((sum, gres) => sum + gres.count, 0)
}

/** Writes one resource as slurm.conf takes it: "gpu:h100:8". */
export function formatGres(gres: Gres): string {
  return [gres.name, ...(gres.type === undefined ? [] : [gres.type]), gres.count].join(':')
}

function parseGres(printed: string, whole: string): Gres | undefined {
  // GresUsed of a resource without a type, in some releases: "gpu:(null):3(IDX:0-2)".
  const item = printed.replace(':(null):', ':')
  const match = /^([^()]*)((?:\([^()]*\))*)$/.exec(item)
  const body = match?.[1] ?? ''
  const words = body.split(/[:/=]/)
  if (words[0] === 'gres') words.shift()
  else if (body.includes('/') || body.includes('=')) return undefined
  const name = words.shift() ?? ''
  if (notGeneric.has(name)) return undefined
  const last = parseCount(words.at(-1) ?? '')
  if (last !== undefined) words.pop()
  const types = words.filter((word) => word !== 'no_consume')
  if (!match || name === '' || types.length > 1 || types[0] === '')
    throw new SlurmParseError(`not a generic resource (${JSON.stringify(item)})`, whole)
  const gres: Gres = { name, count: last ?? 1 }
  if (types[0] !== undefined) gres.type = types[0]
  for (const [, key, value = ''] of (match[2] ?? '').matchAll(/\((\w+):([^()]*)\)/g)) {
    if (key === 'IDX' && value !== 'N/A') gres.indexes = value
    if (key === 'S') gres.sockets = value
  }
  return gres
}

function splitOutsideBrackets(text: string): string[] {
  const items: string[] = []
  let depth = 0
  let start = 0
  for (let at = 0; at < text.length; at++) {
    if (text[at] === '(') depth++
    else if (text[at] === ')') depth--
    else if (text[at] === ',' && depth === 0) {
      items.push(text.slice(start, at))
      start = at + 1
    }
  }
  items.push(text.slice(start))
  return items.filter((item) => item !== '')
}
