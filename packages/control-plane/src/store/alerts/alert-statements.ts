import type { Statement } from '../sql/fleet-statements.ts'
import type { AlertChange } from './alert-records.ts'

const put = (table: string) =>
  `INSERT INTO ${table} (id, doc) VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET doc = excluded.doc`

const texts = {
  alert:
    'INSERT INTO alert (id, open, at, doc) VALUES (?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET open = excluded.open, at = excluded.at, doc = excluded.doc',
  event: 'INSERT INTO alert_event (seq, at, alert, rule, node, event, doc) VALUES (?, ?, ?, ?, ?, ?, ?)',
  silence:
    'INSERT INTO alert_silence (id, ends_at, doc) VALUES (?, ?, ?) ON CONFLICT (id) DO UPDATE SET ends_at = excluded.ends_at, doc = excluded.doc',
  telling: 'INSERT INTO alert_telling (id, group_id, at, doc, told) VALUES (?, ?, ?, ?, ?)',
  delivery:
    'INSERT INTO alert_delivery (id, message, doc) VALUES (?, ?, ?) ON CONFLICT (id) DO UPDATE SET message = excluded.message, doc = excluded.doc',
}

/** What stores a change. */
export function alertStatements(change: AlertChange): Statement[] {
  const one = (sql: string, ...parameters: Statement['parameters']) => [{ sql, parameters }]
  switch (change.kind) {
    case 'alert': {
      const { id, state, startedAt, resolvedAt } = change.alert
      return one(texts.alert, id, state === 'resolved' ? 0 : 1, resolvedAt ?? startedAt, JSON.stringify(change.alert))
    }
    case 'alert-dropped':
      return one('DELETE FROM alert WHERE id = ?', change.alert.id)
    case 'alert-event': {
      const { seq, at, alert, rule, labels, event } = change.event
      return one(texts.event, seq, at, alert, rule, labels['node'] ?? '', event, JSON.stringify(change.event))
    }
    case 'alert-rule':
      return one(put('alert_rule'), change.rule.id, JSON.stringify(change.rule))
    case 'alert-rule-removed':
      return one('DELETE FROM alert_rule WHERE id = ?', change.id)
    case 'alert-silence':
      return one(texts.silence, change.silence.id, change.silence.endsAt, JSON.stringify(change.silence))
    case 'alert-group':
      return one(put('alert_group'), change.group.id, JSON.stringify(change.group))
    case 'alert-group-ended':
      return one('DELETE FROM alert_group WHERE id = ?', change.id)
    case 'alert-delivery': {
      const { id, message } = change.delivery
      return one(texts.delivery, id, message.id, JSON.stringify(change.delivery))
    }
    case 'alert-delivered':
      return one('DELETE FROM alert_delivery WHERE id = ? AND message = ?', change.id, change.message)
    case 'alert-telling': {
      const { told, ...telling } = change.telling
      const { id, group, at } = telling
      return one(texts.telling, id, group, at, JSON.stringify(telling), JSON.stringify(told))
    }
    case 'alert-told':
      return one('UPDATE alert_telling SET told = ? WHERE id = ?', JSON.stringify(change.told), change.message)
    case 'alert-telling-dropped':
      return one('DELETE FROM alert_telling WHERE id = ?', change.id)
    case 'alert-memory':
      return one(put('alert_memory'), 'judge', JSON.stringify(change.memory))
    case 'alerts-forgotten':
      return [
        { sql: 'DELETE FROM alert WHERE open = 0 AND at < ?', parameters: [change.before] },
        { sql: 'DELETE FROM alert_event WHERE at < ?', parameters: [change.before] },
        { sql: 'DELETE FROM alert_silence WHERE ends_at < ?', parameters: [change.before] },
        {
          sql: 'DELETE FROM alert_telling WHERE at < ? AND group_id NOT IN (SELECT id FROM alert_group)',
          parameters: [change.toldBefore],
        },
      ]
  }
}
