import { createHash } from 'node:crypto'
import { numbered } from './numbered.ts'

/** A statement as the server gets it. Each connection parses one with a name once. */
export interface StatementText {
  text: string
  name?: string
}

/** Statements that each connection keeps prepared; what comes later is parsed each time. */
const maxPrepared = 300

/** Makes a function that turns statements with `?` into PostgreSQL's, and remembers them. */
export function createTexts(): (sql: string) => StatementText {
  const known = new Map<string, StatementText>()
  return (sql) => {
    const found = known.get(sql)
    if (found) return found
    const text = numbered(sql)
    if (known.size >= maxPrepared) return { text }
    // By content, since connections are shared: the same name must mean the same statement in all of the process.
    const made = { text, name: createHash('sha256').update(text).digest('base64url').slice(0, 20) }
    known.set(sql, made)
    return made
  }
}
