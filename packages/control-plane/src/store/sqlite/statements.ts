import { type Change, isOver } from '../store.ts'

export type SqlValue = string | number | null

/** A statement with its parameters, to be run in the database's own thread. */
export interface Statement {
  sql: string
  parameters: SqlValue[]
}

const upsert = (table: string, key: string, columns: string[]) =>
  `INSERT INTO ${table} (${[key, ...columns].join(', ')}) VALUES (${['?', ...columns.map(() => '?')].join(', ')}) ` +
  `ON CONFLICT (${key}) DO UPDATE SET ${columns.map((column) => `${column} = excluded.${column}`).join(', ')}`

const sql = {
  node: upsert('node', 'id', ['doc']),
  nodeRemoved: 'DELETE FROM node WHERE id = ?',
  operation: upsert('operation', 'id', ['open', 'created_at', 'doc']),
  pool: upsert('pool', 'name', ['doc']),
  machine: upsert('machine', 'token', ['open', 'created_at', 'doc']),
  command: upsert('command', 'id', ['open', 'doc']),
  finding: 'INSERT INTO finding (id, node, at, doc) VALUES (?, ?, ?, ?) ON CONFLICT (id) DO NOTHING',
  bootstrap: upsert('bootstrap', 'id', ['node', 'started_at', 'doc']),
  event: 'INSERT INTO event (seq, at, type, pool, node, operation, message) VALUES (?, ?, ?, ?, ?, ?, ?)',
}

/** The statement that stores a change. */
export function statementOf(change: Change): Statement {
  switch (change.kind) {
    case 'node':
      return { sql: sql.node, parameters: [change.node.id, JSON.stringify(change.node)] }
    case 'node-removed':
      return { sql: sql.nodeRemoved, parameters: [change.id] }
    case 'operation': {
      const { id, state, createdAt } = change.operation
      return {
        sql: sql.operation,
        parameters: [id, isOver(state) ? 0 : 1, createdAt, JSON.stringify(change.operation)],
      }
    }
    case 'pool':
      return { sql: sql.pool, parameters: [change.memory.pool, JSON.stringify(change.memory)] }
    case 'machine': {
      const { token, state, createdAt } = change.machine
      return { sql: sql.machine, parameters: [token, isOver(state) ? 0 : 1, createdAt, JSON.stringify(change.machine)] }
    }
    case 'command': {
      const open = change.command.acknowledgedAt === undefined ? 1 : 0
      return { sql: sql.command, parameters: [change.command.id, open, JSON.stringify(change.command)] }
    }
    case 'finding': {
      const { id, node, at } = change.finding
      return { sql: sql.finding, parameters: [id, node, at, JSON.stringify(change.finding)] }
    }
    case 'bootstrap': {
      const { id, node, startedAt } = change.record
      return { sql: sql.bootstrap, parameters: [id, node, startedAt, JSON.stringify(change.record)] }
    }
    case 'event': {
      const { seq, at, type, pool, node, operation, message } = change.event
      return { sql: sql.event, parameters: [seq, at, type, pool, node, operation, message] }
    }
  }
}
