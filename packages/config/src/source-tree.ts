import {
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type ParsedNode,
  parseDocument,
  type YAMLMap,
  type YAMLSeq,
} from 'yaml'
import type { Place } from './problem.ts'

export interface ScalarNode {
  kind: 'scalar'
  place: Place
  value: string | number | boolean | null
  /** As written in the file, quotes and block indicators included. */
  source: string
  /** Where `source` starts in the file. */
  offset: number
}

export interface MapEntry {
  key: string
  keyPlace: Place
  value: SourceNode
}

export interface MapNode {
  kind: 'map'
  place: Place
  /** Each key once. */
  entries: MapEntry[]
}

export interface ListNode {
  kind: 'list'
  place: Place
  items: SourceNode[]
}

/** A YAML value with its place. Aliases share the node of their anchor: the tree may be a graph, never a cyclic one. */
export type SourceNode = ScalarNode | MapNode | ListNode

export interface SourceTree {
  /** Undefined for an empty file, and for one that is not valid YAML. */
  root?: SourceNode
  problems: { place: Place; message: string }[]
  placeOf(offset: number): Place
}

/** Characters of the largest file that is read: enough for thousands of pools. */
const maxLength = 1024 * 1024

/** Keys that merges (`<<`) bring in at most, all together. */
const maxMergedKeys = 100_000

/**
 * Reads YAML 1.2 into nodes with places. Syntax errors, duplicate keys, unknown aliases and tags are problems, never
 * exceptions; nothing takes longer than in proportion to the file.
 */
export function readSourceTree(text: string): SourceTree {
  const lines = new LineCounter()
  const placeOf = (offset: number): Place => {
    const { line, col } = lines.linePos(offset)
    return { line: Math.max(line, 1), column: Math.max(col, 1) }
  }
  const tree: SourceTree = { problems: [], placeOf }
  const start = { line: 1, column: 1 }
  if (text.length > maxLength) {
    tree.problems.push({
      place: start,
      message: `the file has ${text.length} characters, at most ${maxLength} are read`,
    })
    return tree
  }
  try {
    // Keys are compared here, since the library's own comparison takes quadratic time.
    const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: false })
    for (const problem of [...document.errors, ...document.warnings]) {
      tree.problems.push({
        place: placeOf(problem.pos[0]),
        message: `not valid YAML: ${problem.message.replace(/\s+/g, ' ')}`,
      })
    }
    if (tree.problems.length > 0) return tree
    if (document.contents) tree.root = convert(document.contents, text, tree)
  } catch (error) {
    // The library recurses into nested values and has no limit of its own.
    if (!(error instanceof RangeError)) throw error
    tree.problems.push({ place: start, message: 'values are nested too deeply' })
  }
  return tree
}

function convert(contents: ParsedNode, text: string, tree: SourceTree): SourceNode {
  const anchors = new Map<string, SourceNode>()
  const open = new Set<string>()
  let mergedKeys = 0
  const report = (place: Place, message: string) => tree.problems.push({ place, message })

  const visit = (node: ParsedNode | null | undefined, fallback: number): SourceNode => {
    const offset = node?.range?.[0] ?? fallback
    const place = tree.placeOf(offset)
    const nothing: ScalarNode = { kind: 'scalar', place, value: null, source: '', offset }
    if (!node) return nothing
    if (isAlias(node)) {
      const target = anchors.get(node.source)
      if (target) return target
      report(
        place,
        open.has(node.source) ? `*${node.source} is inside its own anchor` : `*${node.source} has no anchor`,
      )
      return nothing
    }
    const anchor = 'anchor' in node ? node.anchor : undefined
    if (anchor) {
      anchors.delete(anchor)
      open.add(anchor)
    }
    const converted = isMap(node)
      ? visitMap(node, place)
      : isSeq(node)
        ? visitList(node, place)
        : scalar(node, place, offset)
    if (anchor) {
      open.delete(anchor)
      anchors.set(anchor, converted)
    }
    return converted
  }

  const scalar = (node: ParsedNode, place: Place, offset: number): ScalarNode => {
    const value: unknown = isScalar(node) ? node.value : null
    const source = text.slice(offset, node.range?.[1] ?? offset)
    const known = typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' || value === null
    return { kind: 'scalar', place, value: known ? value : source, source, offset }
  }

  const visitList = (node: YAMLSeq.Parsed, place: Place): ListNode => ({
    kind: 'list',
    place,
    items: node.items.map((item) => visit(item, node.range[0])),
  })

  const visitMap = (node: YAMLMap.Parsed, place: Place): MapNode => {
    const entries = new Map<string, MapEntry>()
    const merged: MapEntry[] = []
    for (const pair of node.items) {
      const key = visit(pair.key, node.range[0])
      if (key.kind !== 'scalar') {
        report(key.place, 'a key must be a plain word')
        continue
      }
      const value = visit(pair.value, key.offset)
      const name = typeof key.value === 'string' ? key.value : key.source
      const first = entries.get(name)
      if (name === '<<') {
        for (const each of mergeEntries(value)) merged.push(each)
      } else if (first)
        report(
          key.place,
          `duplicate key ${JSON.stringify(name.slice(0, 80))}, given first on line ${first.keyPlace.line}`,
        )
      else entries.set(name, { key: name, keyPlace: key.place, value })
    }
    for (const entry of merged) if (!entries.has(entry.key)) entries.set(entry.key, entry)
    return { kind: 'map', place, entries: [...entries.values()] }
  }

  const mergeEntries = (node: SourceNode): MapEntry[] => {
    // A list of mappings merges them all; a list in a list means nothing.
    if (node.kind === 'list')
      return node.items.flatMap((item) => (item.kind === 'list' ? notMergeable(item) : mergeEntries(item)))
    if (node.kind !== 'map') return notMergeable(node)
    mergedKeys += node.entries.length
    if (mergedKeys <= maxMergedKeys) return node.entries
    report(node.place, `"<<" brings in more than ${maxMergedKeys} keys`)
    return []
  }

  const notMergeable = (node: SourceNode): MapEntry[] => {
    report(node.place, '"<<" must be given a mapping, such as an alias of one, or a list of them')
    return []
  }

  return visit(contents, 0)
}
