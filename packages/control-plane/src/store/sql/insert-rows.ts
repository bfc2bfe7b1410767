import type { Row, Sql, SqlValue } from './sql.ts'

/** Rows of one statement. Statements are kept prepared by their text, so there are few lengths. */
const lengths = { sqlite: [32, 4, 1], postgres: [64, 16, 4, 1] } as const

/**
 * Inserts rows, several by a statement where that is quicker.
 * @param tail what follows the values, e.g. "ON CONFLICT DO NOTHING"
 */
export async function insertRows(
  tx: Sql,
  table: string,
  columns: readonly string[],
  rows: readonly (readonly SqlValue[])[],
  tail = '',
): Promise<void> {
  await Promise.all(inserts(tx, table, columns, rows, tail).map(({ sql, values }) => tx.run(sql, values)))
}

/** As `insertRows`. @returns the columns `returning` of the rows that were inserted */
export async function insertReturning(
  tx: Sql,
  table: string,
  columns: readonly string[],
  rows: readonly (readonly SqlValue[])[],
  returning: string,
  tail = '',
): Promise<Row[]> {
  const statements = inserts(tx, table, columns, rows, `${tail} RETURNING ${returning}`)
  return (await Promise.all(statements.map(({ sql, values }) => tx.query(sql, values)))).flat()
}

function inserts(
  tx: Sql,
  table: string,
  columns: readonly string[],
  rows: readonly (readonly SqlValue[])[],
  tail: string,
): { sql: string; values: readonly SqlValue[] }[] {
  const texts = lengths[tx.dialect].map((length) => ({
    length,
    sql: `${insertText(tx, table, columns, length)} ${tail}`,
  }))
  const statements: { sql: string; values: readonly SqlValue[] }[] = []
  for (let from = 0; from < rows.length; ) {
    const text = texts.find(({ length }) => length <= rows.length - from)
    if (!text) break
    const [only] = rows.slice(from, from + text.length)
    statements.push({
      sql: text.sql,
      values: text.length === 1 ? (only ?? []) : rows.slice(from, from + text.length).flat(),
    })
    from += text.length
  }
  return statements
}

function insertText({ dialect }: Sql, table: string, columns: readonly string[], rows: number): string {
  const places = `(${columns.map(() => '?').join(', ')})`
  // A row that fails fails the transaction: SQLite need not keep a journal to take back the rows before it alone.
  const insert = dialect === 'sqlite' ? 'INSERT OR FAIL' : 'INSERT'
  return `${insert} INTO ${table} (${columns.join(', ')}) VALUES ${Array.from({ length: rows }, () => places).join(', ')}`
}
