import { type AlertJson, alertRoutes, type NewSilenceJson } from '@navarch/api/alerts'
import { useQueryClient } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { refresh } from '../../api/queries.ts'
import { sendJson } from '../../api/request.ts'
import { useMay } from '../../app/session.ts'
import { SeverityChip } from '../../components/chips.tsx'
import { ActButton } from '../../components/dialog.tsx'
import { Age, Id, Value } from '../../components/value.tsx'
import { formatExact } from '../../lib/format.ts'
import { fillPath } from '../../lib/path.ts'
import { OperationActsOf } from '../operations/operation-acts-of.tsx'
import { stateOfAlert } from './alert-groups.ts'
import { limitWords } from './rule-words.ts'

/** How long a silence from here lasts, seconds. */
const silenceSeconds = 4 * 3600

export function AlertDetails({ alert }: { alert: AlertJson }) {
  const may = useMay('operator')
  const client = useQueryClient()
  const acknowledge = async (note: string) => {
    await sendJson('POST', fillPath(alertRoutes.alertAcknowledge, { id: alert.id }), { note, group: true })
    refresh(client, 'alerts')
  }
  const silence = async (reason: string) => {
    const matchers = [
      { label: 'rule', op: '=' as const, value: alert.rule },
      ...Object.entries(alert.labels).map(([label, value]) => ({ label, op: '=' as const, value })),
    ]
    await sendJson('POST', alertRoutes.alertSilences, {
      matchers,
      reason,
      duration_seconds: silenceSeconds,
    } satisfies NewSilenceJson)
    refresh(client, 'alerts')
  }
  return (
    <div className="stacked">
      <p>
        <SeverityChip severity={alert.severity} /> {alert.summary}
      </p>
      {alert.meaning !== '' && <p>{alert.meaning}</p>}
      <p>
        {alert.awaits_approval !== null && alert.state !== 'resolved' ? (
          <>
            <strong>What to do:</strong> approve or reject{' '}
            <Link to="/operations/$id" params={{ id: alert.awaits_approval }}>
              <Id>{alert.awaits_approval}</Id>
            </Link>
            . With it Navarch would mend this; it waits for you.
          </>
        ) : alert.being_handled === null ? (
          <>
            <strong>What to do:</strong> {alert.action === '' ? 'nothing is written down for this rule.' : alert.action}
          </>
        ) : (
          <>
            <strong>Navarch is at it:</strong>{' '}
            <Link to="/operations/$id" params={{ id: alert.being_handled }}>
              <Id>{alert.being_handled}</Id>
            </Link>
          </>
        )}
      </p>
      {alert.awaits_approval !== null && alert.state !== 'resolved' && (
        <div className="filters">
          <OperationActsOf id={alert.awaits_approval} />
        </div>
      )}
      {alert.runbook_url !== null && <a href={alert.runbook_url}>Runbook</a>}
      {may && alert.state !== 'resolved' && (
        <div className="filters">
          {alert.acknowledged === null && (
            <ActButton
              label="Acknowledge"
              form={{
                title: 'Acknowledge',
                consequence:
                  'You are at it: nobody else is called about this group. It stays open until the cause is gone.',
                ask: 'Note',
                submit: 'Acknowledge',
                act: acknowledge,
              }}
            />
          )}
          {alert.silenced_by === null && (
            <ActButton
              label="Silence 4 h"
              form={{
                title: 'Silence for 4 hours',
                consequence: 'Nobody is told of this alert until then. It stays on this page.',
                ask: 'Why',
                submit: 'Silence',
                act: silence,
              }}
            />
          )}
        </div>
      )}
      <dl className="facts">
        <dt>State</dt>
        <dd>{stateOfAlert(alert)}</dd>
        <dt>Value</dt>
        <dd>
          <Value value={alert.value} format={formatExact} /> {alert.unit}{' '}
          <span className="soft">(fires when {limitWords(alert)})</span>
          {alert.unknown_since !== null && (
            <span className="soft">
              {' '}
              not known since <Age at={alert.unknown_since} />
            </span>
          )}
        </dd>
        {Object.entries(alert.labels).map(([label, value]) => (
          <LabelRow key={label} label={label} value={value} />
        ))}
        <dt>Began</dt>
        <dd>
          <Age at={alert.started_at} />
        </dd>
        {alert.fired_at !== null && (
          <>
            <dt>Fired</dt>
            <dd>
              <Age at={alert.fired_at} />
            </dd>
          </>
        )}
        {alert.acknowledged !== null && (
          <>
            <dt>Acknowledged</dt>
            <dd>
              by {alert.acknowledged.by}, <Age at={alert.acknowledged.at} />: {alert.acknowledged.note}
            </dd>
          </>
        )}
        <dt>Told</dt>
        <dd>
          {alert.notified.length === 0 && 'nobody yet'}
          {alert.notified.map(({ receiver, at, state, error }) => (
            <span key={`${receiver} ${at}`} className="told" title={error}>
              {receiver} {state}, <Age at={at} />
            </span>
          ))}
        </dd>
      </dl>
    </div>
  )
}

function LabelRow({ label, value }: { label: string; value: string }) {
  return (
    <>
      <dt>{label}</dt>
      <dd>
        {label === 'node' ? (
          <Link to="/nodes/$id" params={{ id: value }}>
            <Id>{value}</Id>
          </Link>
        ) : label === 'pool' ? (
          <Link to="/pools/$name" params={{ name: value }}>
            {value}
          </Link>
        ) : (
          <Id>{value}</Id>
        )}
      </dd>
    </>
  )
}
