import { createHash } from 'node:crypto'
import { pipeline, Readable } from 'node:stream'
import { createGunzip } from 'node:zlib'

/**
 * The file that `navarch backup` makes: gzip'ed lines of JSON, the same from every engine.
 *
 * 1. a `BackupHeader`
 * 2. for each table a line `{"table":"fleet.node"}`, then one line per row: an array of its values in the header's order of
 *    columns. A blob is `{"base64":"…"}`.
 * 3. a `BackupTrailer`
 */

export const backupFormat = 'navarch-backup'
/** The newest format that this version writes and reads. */
export const backupVersion = 1

export interface BackupHeader {
  format: typeof backupFormat
  version: number
  /** RFC 3339, UTC: the moment that the backup shows. */
  created_at: string
  /** Of the control plane that made it. */
  product_version: string
  /** e.g. "sqlite:/var/lib/navarch/navarch.db": where it was made, which does not matter for a restore. */
  source: string
  databases: BackupDatabase[]
}

export interface BackupDatabase {
  name: string
  /** Steps that its schema had taken. */
  schema: number
  tables: { name: string; columns: string[] }[]
}

export interface BackupTrailer {
  /** Rows by table. */
  rows: Record<string, number>
  /** Of all bytes before this line, in hexadecimal digits. */
  sha256: string
}

/** What became of a restore: the answer of POST and GET /api/v1/restore. */
export interface RestoreJson {
  /** Of the restore, not of the file. */
  id: string
  /** `pending`: it is checked and durable, and takes effect when the control plane has started again, which it does now. */
  state: 'pending' | 'done' | 'failed'
  /** The moment that the backup shows. */
  backup_created_at: string
  /** Rows by table. */
  rows: Record<string, number>
  /** Why it failed: everything is as it was before. */
  error: string | null
}

export type BackupValue = string | number | null | { base64: string }

/** A piece of a backup as it is read. Rows of one table come together; their number and size are small. */
export type BackupPart =
  | { header: BackupHeader }
  | { table: string; rows: BackupValue[][]; firstLine: number }
  | { trailer: BackupTrailer }

/** The file is no backup, is damaged, or is of a newer version. The message says what, and in which line. */
export class BackupError extends Error {
  override name = 'BackupError'
  readonly code = 'backup'
}

/** Rows that are given on together. */
const batchRows = 500
/** Longest line, characters: a row with all that one wide job has said is far below. */
const maxLine = 256 * 1024 * 1024

/**
 * Reads a backup to its end and checks it on the way: form, version, counts and checksum. What it gives is right only when
 * the last part, the trailer, has come.
 * @param source the bytes of the file
 * @throws BackupError
 */
export async function* readBackup(source: AsyncIterable<Uint8Array>): AsyncGenerator<BackupPart, void> {
  const hash = createHash('sha256')
  let header: BackupHeader | undefined
  let trailer: BackupTrailer | undefined
  let table: { name: string; columns: number; rows: BackupValue[][]; firstLine: number } | undefined
  const counts: Record<string, number> = {}
  let number = 0

  for await (const line of linesOf(source)) {
    number += 1
    const where = `line ${number}`
    if (trailer) throw new BackupError(`${where}: nothing may follow the line of counts`)
    const value = parseLine(line.text, where)
    if (!header) {
      header = headerOf(value)
      yield { header }
    } else if (Array.isArray(value)) {
      if (!table) throw new BackupError(`${where}: a row before the name of its table`)
      table.rows.push(rowOf(value, table.columns, where))
      counts[table.name] = (counts[table.name] ?? 0) + 1
      if (table.rows.length >= batchRows) {
        yield { table: table.name, rows: table.rows, firstLine: table.firstLine }
        table = { ...table, rows: [], firstLine: number + 1 }
      }
    } else {
      if (table && table.rows.length > 0) yield { table: table.name, rows: table.rows, firstLine: table.firstLine }
      if (isRecord(value) && typeof value['table'] === 'string') {
        table = tableOf(value['table'], header, counts, where, number)
      } else {
        trailer = trailerOf(value, where)
        checkTrailer(trailer, counts, hash.digest('hex'))
      }
    }
    if (!trailer) hash.update(line.bytes)
  }
  if (!header) throw new BackupError('the file is empty')
  if (!trailer) throw new BackupError(`it ends after line ${number}, without its counts: it was cut off`)
  yield { trailer }
}

function tableOf(name: string, header: BackupHeader, counts: Record<string, number>, where: string, line: number) {
  const shape = header.databases
    .flatMap((database) => database.tables.map((table) => ({ ...table, name: `${database.name}.${table.name}` })))
    .find((table) => table.name === name)
  if (!shape) throw new BackupError(`${where}: the table ${JSON.stringify(name)} is not in the header`)
  if (counts[name] !== undefined) throw new BackupError(`${where}: the table ${JSON.stringify(name)} comes twice`)
  counts[name] = 0
  return { name, columns: shape.columns.length, rows: [], firstLine: line + 1 }
}

function headerOf(value: unknown): BackupHeader {
  if (!isRecord(value) || value['format'] !== backupFormat) {
    throw new BackupError(`line 1: this is no backup of Navarch: "format" is not ${JSON.stringify(backupFormat)}`)
  }
  const { version, databases, created_at, product_version, source } = value
  if (typeof version !== 'number' || !Number.isInteger(version) || version < 1) {
    throw new BackupError('line 1: "version" is no whole number')
  }
  if (version > backupVersion) {
    throw new BackupError(
      `line 1: a newer version wrote it (format ${version}, this one reads ${backupVersion}): restore it with that version`,
    )
  }
  if (typeof created_at !== 'string' || Number.isNaN(Date.parse(created_at))) {
    throw new BackupError('line 1: "created_at" is no time')
  }
  if (typeof product_version !== 'string' || typeof source !== 'string') {
    throw new BackupError('line 1: "product_version" and "source" must be texts')
  }
  if (!Array.isArray(databases) || !databases.every(isDatabase)) {
    throw new BackupError('line 1: "databases" is not as it must be')
  }
  const names = databases.map(({ name }) => name)
  if (new Set(names).size < names.length) throw new BackupError('line 1: a database is named twice')
  return { format: backupFormat, version, created_at, product_version, source, databases }
}

function isDatabase(value: unknown): value is BackupDatabase {
  return (
    isRecord(value) &&
    typeof value['name'] === 'string' &&
    Number.isSafeInteger(value['schema']) &&
    Array.isArray(value['tables']) &&
    value['tables'].every(
      (table) =>
        isRecord(table) &&
        typeof table['name'] === 'string' &&
        Array.isArray(table['columns']) &&
        table['columns'].every((column) => typeof column === 'string'),
    )
  )
}

function trailerOf(value: unknown, where: string): BackupTrailer {
  const rows = isRecord(value) ? value['rows'] : undefined
  const sha256 = isRecord(value) ? value['sha256'] : undefined
  if (!isRecord(rows) || typeof sha256 !== 'string') {
    throw new BackupError(`${where}: neither a row, nor a table's name, nor the counts`)
  }
  return { rows: Object.fromEntries(Object.entries(rows).map(([name, count]) => [name, Number(count)])), sha256 }
}

function checkTrailer({ rows, sha256 }: BackupTrailer, counts: Record<string, number>, actual: string): void {
  for (const name of new Set([...Object.keys(rows), ...Object.keys(counts)])) {
    if (rows[name] !== counts[name]) {
      throw new BackupError(`it has ${counts[name] ?? 0} rows of ${name} where ${rows[name] ?? 0} were written`)
    }
  }
  if (sha256 !== actual) throw new BackupError(`its checksum is ${actual}, and ${sha256} was written: it is damaged`)
}

function rowOf(value: unknown[], columns: number, where: string): BackupValue[] {
  if (value.length !== columns)
    throw new BackupError(`${where}: a row of ${value.length} values; ${columns} are needed`)
  if (!value.every(isValue)) throw new BackupError(`${where}: a value is neither text, number, null nor {"base64": …}`)
  return value
}

function isValue(value: unknown): value is BackupValue {
  if (value === null || typeof value === 'string' || typeof value === 'number') return true
  return isRecord(value) && typeof value['base64'] === 'string'
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function parseLine(text: string, where: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new BackupError(`${where}: this is not JSON`)
  }
}

interface Line {
  text: string
  /** With its line end. */
  bytes: Uint8Array
}

/** The lines of a gzip'ed text. @throws BackupError for what is not gzip, is damaged, or ends too soon */
async function* linesOf(source: AsyncIterable<Uint8Array>): AsyncGenerator<Line, void> {
  let rest: Uint8Array[] = []
  let size = 0
  for await (const chunk of inflated(source)) {
    let from = 0
    for (;;) {
      const end = chunk.indexOf(10, from)
      if (end < 0) break
      rest.push(chunk.subarray(from, end + 1))
      const bytes = rest.length === 1 && rest[0] ? rest[0] : Buffer.concat(rest)
      rest = []
      size = 0
      from = end + 1
      yield { text: Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length - 1).toString(), bytes }
    }
    if (from < chunk.length) {
      rest.push(chunk.subarray(from))
      size += chunk.length - from
      if (size > maxLine) throw new BackupError(`a line is longer than ${maxLine} bytes: this is no backup of Navarch`)
    }
  }
  if (rest.length > 0) throw new BackupError('its last line is not complete: it was cut off')
}

async function* inflated(source: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer, void> {
  const gunzip = createGunzip()
  // The source's own failure must come out as itself, not as a file that ends too soon.
  let failure: unknown
  async function* watched() {
    try {
      yield* source
    } catch (error) {
      failure = error
      throw error
    }
  }
  pipeline(Readable.from(watched()), gunzip, () => {})
  try {
    yield* gunzip
  } catch (error) {
    throw failure ?? gzipError(error)
  }
}

function gzipError(error: unknown): BackupError {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  if (code === 'Z_BUF_ERROR') return new BackupError('it ends too soon: it was cut off', { cause: error })
  const words = error instanceof Error ? error.message : String(error)
  if (words === 'incorrect header check') {
    return new BackupError('this is no backup of Navarch: it is not compressed with gzip', { cause: error })
  }
  return new BackupError(`it is damaged: ${words}`, { cause: error })
}
