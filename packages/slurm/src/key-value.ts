import { SlurmParseError } from './slurm-error.ts'

/** One `Key=value` of a record, with what stood before it, so that the text can be written again as it was. */
export interface KeyValue {
  /** White space (and in reservations of 22.05 nothing else) between the previous value and this key. */
  lead: string
  key: string
  value: string
}

/** A record of `scontrol show …`: one line with `-o`, or an indented block. No character of it is lost. */
export interface KeyValueRecord {
  entries: readonly KeyValue[]
  /** White space after the last value. */
  tail: string
}

/**
 * Values that people write may hold spaces and `=`, which nothing escapes. For each such key: the keys that Slurm prints
 * after it. Any other `word=` in the value is text.
 */
export type FreeText = Readonly<Record<string, readonly string[]>>

const keyPattern = /[A-Z][A-Za-z_]*(?:[:/][A-Z][A-Za-z]*)*=/y

/**
 * Parses the records of `scontrol show node|job|partition|reservation|…`, with `-o` or without.
 * @param start the key that begins each record, at the start of a line, or a pattern (flags `gm`) for such a start
 * @throws SlurmParseError when the text does not begin with a record
 */
export function parseKeyValueRecords(text: string, start: string | RegExp, freeText: FreeText = {}): KeyValueRecord[] {
  return splitKeyValueRecords(text, start).map((record) => parseKeyValueRecord(record, freeText))
}

/**
 * The texts of the records, for `parseKeyValueRecord`.
 * @throws SlurmParseError when the text does not begin with a record
 */
export function splitKeyValueRecords(text: string, start: string | RegExp): string[] {
  if (text.trim() === '') return []
  const pattern = typeof start === 'string' ? new RegExp(`^${start}=`, 'gm') : start
  const starts = Array.from(text.matchAll(pattern), (match) => match.index)
  if (starts[0] !== 0) throw new SlurmParseError(`does not begin with ${pattern.source}`, text, 0)
  return starts.map((from, index) => text.slice(from, starts[index + 1]))
}

/** Parses one record's text. */
export function parseKeyValueRecord(text: string, freeText: FreeText = {}): KeyValueRecord {
  const entries: KeyValue[] = []
  let lead = ''
  let at = 0
  while (at < text.length) {
    keyPattern.lastIndex = at
    const key = keyPattern.exec(text)?.[0].slice(0, -1) ?? ''
    const from = at + key.length + 1
    const end = valueEnd(text, from, freeText[key])
    const trimmed = text.slice(from, end).trimEnd()
    entries.push({ lead, key, value: trimmed })
    const valueStop = from + trimmed.length
    if (end >= text.length) return { entries, tail: text.slice(valueStop) }
    lead = text.slice(valueStop, end)
    at = end
  }
  return { entries, tail: '' }
}

/** Where the next key begins: after white space, and allowed to follow. */
function valueEnd(text: string, from: number, followers: readonly string[] | undefined): number {
  for (let at = from; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code !== 32 && code !== 10 && code !== 9) continue
    keyPattern.lastIndex = at + 1
    const found = keyPattern.exec(text)?.[0]
    if (found !== undefined && (!followers || followers.includes(found.slice(0, -1)))) return at + 1
  }
  return text.length
}

/** The text that was parsed. */
export function formatKeyValueRecords(records: readonly KeyValueRecord[]): string {
  return records
    .map((record) => record.entries.map(({ lead, key, value }) => `${lead}${key}=${value}`).join('') + record.tail)
    .join('')
}

/** The record's values by key. A key that comes twice (per-node details of a job) keeps its first value. */
export function fieldsOf(record: KeyValueRecord): Record<string, string> {
  const fields: Record<string, string> = {}
  for (const { key, value } of record.entries) fields[key] ??= value
  return fields
}
