/** PostgreSQL's form of a statement: `$1`, `$2` in place of each `?` that is outside of quotes. */
export function numbered(sql: string): string {
  let count = 0
  return sql.replace(/'(?:[^']|'')*'|"[^"]*"|\?/g, (part) => (part === '?' ? `$${++count}` : part))
}
