import { alertReadsOver } from '../alerts/alert-reads.ts'
import { alertStatements } from '../alerts/alert-statements.ts'
import type { ApiTokenRecord, SessionRecord } from '../credential-records.ts'
import type {
  BootstrapRecord,
  Change,
  HistoryEvent,
  MachineRecord,
  Store,
  StoredState,
  TimelinePoint,
} from '../store.ts'
import { type Statement, statementOf } from './fleet-statements.ts'

/** A way to a database, in this thread or in another. */
export interface DatabaseLink {
  commit(statements: Statement[]): Promise<void>
  query(statement: Statement): Promise<Record<string, unknown>[]>
  close(): Promise<void>
}

/** The store's words in SQL, the same for every engine. */
export function storeOver(description: string, link: DatabaseLink): Store {
  const rows = (sql: string, ...parameters: Statement['parameters']) => link.query({ sql, parameters })
  // Documents were written by `statementOf` from the same types; the schema's version guards against other writers.
  const documents = async <T>(sql: string, ...parameters: Statement['parameters']) =>
    (await rows(sql, ...parameters)).map((row) => JSON.parse(String(row['doc'])) as T)

  return {
    description,
    async load(): Promise<StoredState> {
      const [nodes, operations, pools, machines, commands, last] = await Promise.all([
        documents<StoredState['nodes'][number]>('SELECT doc FROM node'),
        documents<StoredState['operations'][number]>('SELECT doc FROM operation WHERE open = 1 ORDER BY created_at'),
        documents<StoredState['pools'][number]>('SELECT doc FROM pool'),
        documents<MachineRecord>('SELECT doc FROM machine WHERE open = 1'),
        documents<StoredState['commands'][number]>('SELECT doc FROM command WHERE open = 1'),
        rows('SELECT coalesce(max(seq), 0) AS seq FROM event'),
      ])
      return { nodes, operations, pools, machines, commands, lastSeq: Number(last[0]?.['seq'] ?? 0) }
    },
    async commit(changes: readonly Change[]) {
      if (changes.length > 0) await link.commit(changes.map(statementOf))
    },
    alerts: {
      ...alertReadsOver(description, link),
      async commit(changes) {
        if (changes.length > 0) await link.commit(changes.flatMap(alertStatements))
      },
    },
    async credentials() {
      const [tokens, sessions] = await Promise.all([
        documents<ApiTokenRecord>('SELECT doc FROM api_token'),
        documents<SessionRecord>('SELECT doc FROM session'),
      ])
      return { tokens, sessions }
    },
    eventsSince: async (seq, limit) =>
      (await rows('SELECT * FROM event WHERE seq > ? ORDER BY seq LIMIT ?', seq, limit)).map(eventOf),
    async eventsOf({ from, to, node, pool, types, limit }) {
      const conditions = ['at >= ?', 'at <= ?']
      const parameters: Statement['parameters'] = [from, to]
      if (node !== undefined) {
        conditions.push('node = ?')
        parameters.push(node)
      }
      if (pool !== undefined) {
        conditions.push('pool = ?')
        parameters.push(pool)
      }
      if (types) {
        conditions.push(types.length === 0 ? '1 = 0' : `type IN (${types.map(() => '?').join(', ')})`)
        parameters.push(...types)
      }
      const where = conditions.join(' AND ')
      return (await rows(`SELECT * FROM event WHERE ${where} ORDER BY seq DESC LIMIT ?`, ...parameters, limit)).map(
        eventOf,
      )
    },
    findings: (node, limit) =>
      documents('SELECT doc FROM finding WHERE node = ? ORDER BY at DESC, ord DESC LIMIT ?', node, limit),
    bootstraps: async (node, limit) =>
      (
        await documents<BootstrapRecord>(
          'SELECT doc FROM bootstrap WHERE node = ? ORDER BY started_at DESC, ord DESC LIMIT ?',
          node,
          limit,
        )
      ).reverse(),
    operations: (limit) => documents('SELECT doc FROM operation ORDER BY created_at DESC, ord DESC LIMIT ?', limit),
    operation: async (id) =>
      (await documents<StoredState['operations'][number]>('SELECT doc FROM operation WHERE id = ?', id))[0],
    machineHistory: (limit) => documents('SELECT doc FROM machine ORDER BY created_at DESC, ord DESC LIMIT ?', limit),
    async addTimeline(points) {
      if (points.length > 0) await link.commit(points.map((point) => timelineInsert(point.scope, point)))
    },
    timeline: async (scope, from, to) =>
      (
        await rows(
          'SELECT at, span, doc FROM timeline WHERE scope = ? AND at >= ? AND at <= ? ORDER BY at',
          scope,
          from,
          to,
        )
      ).map(timelinePoint),
    async replaceTimeline(scope, from, to, points) {
      const remove = {
        sql: 'DELETE FROM timeline WHERE scope = ? AND at >= ? AND at <= ?',
        parameters: [scope, from, to],
      }
      await link.commit([remove, ...points.map((point) => timelineInsert(scope, point))])
    },
    timelineScopes: async (shorterThanMs) =>
      (await rows('SELECT scope, min(at) AS oldest FROM timeline WHERE span < ? GROUP BY scope', shorterThanMs)).map(
        (row) => ({ scope: String(row['scope']), oldest: Number(row['oldest']) }),
      ),
    close: () => link.close(),
  }
}

function timelineInsert(scope: string, { at, spanMs, values }: TimelinePoint): Statement {
  const sql =
    'INSERT INTO timeline (scope, at, span, doc) VALUES (?, ?, ?, ?) ' +
    'ON CONFLICT (scope, at) DO UPDATE SET span = excluded.span, doc = excluded.doc'
  return { sql, parameters: [scope, at, spanMs, JSON.stringify(values)] }
}

function timelinePoint(row: Record<string, unknown>): TimelinePoint {
  return { at: Number(row['at']), spanMs: Number(row['span']), values: JSON.parse(String(row['doc'])) }
}

function eventOf(row: Record<string, unknown>): HistoryEvent {
  return {
    seq: Number(row['seq']),
    at: Number(row['at']),
    type: String(row['type']),
    pool: String(row['pool']),
    node: String(row['node']),
    operation: String(row['operation']),
    message: String(row['message']),
  }
}
