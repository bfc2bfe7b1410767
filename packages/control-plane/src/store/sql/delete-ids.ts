import type { Row, Sql } from './sql.ts'

/** Removes rows by their ids, with one statement. @param returning columns of what was removed */
export function deleteIds(tx: Sql, table: string, ids: readonly number[], returning = 'id'): Promise<Row[]> {
  const list =
    tx.dialect === 'sqlite'
      ? 'IN (SELECT value FROM json_each(?))'
      : "IN (SELECT unnest(string_to_array(trim(both '[]' from ?), ',')::bigint[]))"
  return tx.query(`DELETE FROM ${table} WHERE id ${list} RETURNING ${returning}`, [JSON.stringify(ids)])
}
