import type { Operation } from '@navarch/core/operation/operation'
import type { DatabaseLink } from '../sql/fleet-store.ts'
import type { AlertHistoryQuery, AlertMemory, AlertReads, AlertTelling, StoredAlerts } from './alert-records.ts'

/** Operations that are in memory at once, however many there are. */
const operationsInPage = 2000

/** Reads what `alertStatements` stored. */
export function alertReadsOver(description: string, link: Pick<DatabaseLink, 'query'>): AlertReads {
  // Documents were written from the same types; the schema's version guards against other writers.
  const documents = async <T>(sql: string, ...parameters: (string | number)[]) =>
    (await link.query({ sql, parameters })).map((row) => JSON.parse(String(row['doc'])) as T)

  return {
    async load(resolvedSince): Promise<StoredAlerts> {
      const [alerts, rules, silences, groups, deliveries, told, memory, last] = await Promise.all([
        documents<StoredAlerts['alerts'][number]>('SELECT doc FROM alert WHERE open = 1 OR at >= ?', resolvedSince),
        documents<StoredAlerts['rules'][number]>('SELECT doc FROM alert_rule ORDER BY id'),
        documents<StoredAlerts['silences'][number]>('SELECT doc FROM alert_silence ORDER BY id'),
        documents<StoredAlerts['groups'][number]>('SELECT doc FROM alert_group ORDER BY id'),
        documents<StoredAlerts['deliveries'][number]>('SELECT doc FROM alert_delivery ORDER BY id'),
        link.query({ sql: 'SELECT doc, told FROM alert_telling ORDER BY at, id', parameters: [] }),
        documents<AlertMemory>('SELECT doc FROM alert_memory'),
        link.query({ sql: 'SELECT coalesce(max(seq), 0) AS seq FROM alert_event', parameters: [] }),
      ])
      const tellings = told.map((row): AlertTelling => {
        return { ...JSON.parse(String(row['doc'])), told: JSON.parse(String(row['told'])) }
      })
      const lastSeq = Number(last[0]?.['seq'] ?? 0)
      return { alerts, rules, silences, groups, deliveries, tellings, memory: memory[0], lastSeq }
    },
    async *operationsSince(since, inPage = operationsInPage) {
      const after = 'created_at >= ? AND (created_at > ? OR id > ?)'
      const sql = `SELECT doc FROM operation WHERE ${after} ORDER BY created_at, id LIMIT ?`
      // No id is before "".
      for (let from = { createdAt: since, id: '' }; ; ) {
        const page = await documents<Operation>(sql, from.createdAt, from.createdAt, from.id, inPage)
        if (page.length > 0) yield page
        const last = page.at(-1)
        if (!last || page.length < inPage) return
        from = last
      }
    },
    history(query) {
      const { where, parameters } = conditionsOf(query)
      return documents(`SELECT doc FROM alert_event ${where} ORDER BY seq DESC LIMIT ?`, ...parameters, query.limit)
    },
    alert: async (id) => (await documents<StoredAlerts['alerts'][number]>('SELECT doc FROM alert WHERE id = ?', id))[0],
    async connections() {
      if (!description.startsWith('postgres')) return undefined
      const sql = `SELECT (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend') AS used, current_setting('max_connections')::int AS max`
      const [row] = await link.query({ sql, parameters: [] })
      return row && { used: Number(row['used']), max: Number(row['max']) }
    },
  }
}

function conditionsOf({ before, rule, node, alert, events }: AlertHistoryQuery): {
  where: string
  parameters: (string | number)[]
} {
  const conditions: string[] = []
  const parameters: (string | number)[] = []
  const add = (sql: string, ...values: (string | number)[]) => {
    conditions.push(sql)
    parameters.push(...values)
  }
  if (before !== undefined) add('seq < ?', before)
  if (rule !== undefined) add('rule = ?', rule)
  if (node !== undefined) add('node = ?', node)
  if (alert !== undefined) add('alert = ?', alert)
  if (events !== undefined) add(`event IN (${events.map(() => '?').join(', ')})`, ...events)
  return { where: conditions.length === 0 ? '' : `WHERE ${conditions.join(' AND ')}`, parameters }
}
