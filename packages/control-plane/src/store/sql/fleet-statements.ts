import { type Change, isOver } from '../store.ts'

/** A statement with its parameters, to be run where the database is. */
export interface Statement {
  sql: string
  parameters: (string | number | null)[]
}

const insert = (table: string, columns: string[]) =>
  `INSERT INTO ${table} (${columns.join(', ')}) VALUES (${columns.map(() => '?').join(', ')})`

/** As `insert`, and the row gets its place in the order of the table. There is one writer, so no two get the same. */
const insertInOrder = (table: string, columns: string[]) =>
  `INSERT INTO ${table} (${[...columns, 'ord'].join(', ')}) ` +
  `VALUES (${columns.map(() => '?').join(', ')}, (SELECT coalesce(max(ord), 0) + 1 FROM ${table}))`

const orUpdate = (key: string, columns: string[]) =>
  ` ON CONFLICT (${key}) DO UPDATE SET ${columns.map((column) => `${column} = excluded.${column}`).join(', ')}`

const upsert = (table: string, key: string, columns: string[]) =>
  insert(table, [key, ...columns]) + orUpdate(key, columns)

const upsertInOrder = (table: string, key: string, columns: string[]) =>
  insertInOrder(table, [key, ...columns]) + orUpdate(key, columns)

const sql = {
  node: upsert('node', 'id', ['doc']),
  nodeRemoved: 'DELETE FROM node WHERE id = ?',
  operation: upsertInOrder('operation', 'id', ['open', 'created_at', 'doc']),
  pool: upsert('pool', 'name', ['doc']),
  machine: upsertInOrder('machine', 'token', ['open', 'created_at', 'doc']),
  command: upsert('command', 'id', ['open', 'doc']),
  finding: `${insertInOrder('finding', ['id', 'node', 'at', 'doc'])} ON CONFLICT (id) DO NOTHING`,
  bootstrap: upsertInOrder('bootstrap', 'id', ['node', 'started_at', 'doc']),
  apiToken: upsert('api_token', 'id', ['doc']),
  apiTokenRemoved: 'DELETE FROM api_token WHERE id = ?',
  session: upsert('session', 'id', ['doc']),
  sessionRemoved: 'DELETE FROM session WHERE id = ?',
  event: insert('event', ['seq', 'at', 'type', 'pool', 'node', 'operation', 'message']),
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
    case 'api-token':
      return { sql: sql.apiToken, parameters: [change.token.id, JSON.stringify(change.token)] }
    case 'api-token-removed':
      return { sql: sql.apiTokenRemoved, parameters: [change.id] }
    case 'session':
      return { sql: sql.session, parameters: [change.session.id, JSON.stringify(change.session)] }
    case 'session-removed':
      return { sql: sql.sessionRemoved, parameters: [change.id] }
    case 'event': {
      const { seq, at, type, pool, node, operation, message } = change.event
      return { sql: sql.event, parameters: [seq, at, type, pool, node, operation, message] }
    }
  }
}
