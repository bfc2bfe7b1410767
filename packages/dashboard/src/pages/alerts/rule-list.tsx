import { type AlertReceiverJson, type AlertRuleJson, type AlertTestJson, alertRoutes } from '@navarch/api/alerts'
import { useState } from 'react'
import { useApi } from '../../api/queries.ts'
import { sendJson } from '../../api/request.ts'
import { useMay } from '../../app/session.ts'
import { SeverityChip } from '../../components/chips.tsx'
import { Empty, Loaded } from '../../components/feedback.tsx'
import { Panel } from '../../components/panel.tsx'
import { type Column, Table } from '../../components/table.tsx'
import { Age } from '../../components/value.tsx'
import { fillPath } from '../../lib/path.ts'
import { conditionWords } from './rule-words.ts'

const columns: readonly Column<AlertRuleJson>[] = [
  { key: 'severity', title: 'Severity', width: '88px', cell: ({ severity }) => <SeverityChip severity={severity} /> },
  { key: 'name', title: 'Rule', width: 'minmax(100px, 1.4fr)', cell: ({ name }) => name },
  {
    key: 'condition',
    title: 'Fires when',
    width: 'minmax(170px, 2fr)',
    isText: true,
    cell: conditionWords,
  },
  {
    key: 'now',
    title: 'Now',
    width: '80px',
    cell: ({ enabled, firing, pending, problem }) => {
      if (!enabled) return 'off'
      if (problem !== null) return <span title={problem}>cannot tell</span>
      return firing > 0 ? `${firing} firing` : pending > 0 ? `${pending} pending` : 'quiet'
    },
  },
  { key: 'source', title: 'From', width: '80px', isExtra: true, cell: ({ source }) => source },
]

/** What is watched, and who is told. */
export function RuleList() {
  const rules = useApi<AlertRuleJson[]>(alertRoutes.alertRules, { topics: ['alerts'] })
  const receivers = useApi<AlertReceiverJson[]>(alertRoutes.alertReceivers, { topics: ['alerts'] })
  return (
    <>
      <Panel title="Who is told">
        <Loaded query={receivers}>
          {(rows) =>
            rows.length === 0 ? (
              <Empty title="Nobody is told.">
                Name webhooks, Slack, e-mail, PagerDuty or Alertmanager under <code>alerts.receivers</code> of the
                configuration.
              </Empty>
            ) : (
              <Table label="Receivers" rows={rows} columns={receiverColumns} keyOf={({ name }) => name} />
            )
          }
        </Loaded>
      </Panel>
      <Panel title="Rules">
        <Loaded query={rules} rows={8}>
          {(rows) => <Table label="Rules" rows={rows} columns={columns} keyOf={({ id }) => id} />}
        </Loaded>
      </Panel>
    </>
  )
}

const receiverColumns: readonly Column<AlertReceiverJson>[] = [
  { key: 'name', title: 'Name', width: 'minmax(80px, 1fr)', cell: ({ name }) => name },
  { key: 'type', title: 'Type', width: '110px', isExtra: true, cell: ({ type }) => type },
  { key: 'target', title: 'Where', width: 'minmax(120px, 2fr)', isExtra: true, cell: ({ target }) => target },
  {
    key: 'sent',
    title: 'Last sent',
    width: '90px',
    align: 'end',
    cell: ({ last_sent_at }) => (last_sent_at === null ? 'never' : <Age at={last_sent_at} />),
  },
  {
    key: 'error',
    title: 'Waiting',
    width: 'minmax(80px, 1fr)',
    isExtra: true,
    cell: ({ waiting, error }) => (error === '' ? waiting : <span title={error}>{`${waiting}: ${error}`}</span>),
  },
  { key: 'test', title: '', width: '96px', cell: ({ name }) => <TestButton name={name} /> },
]

function TestButton({ name }: { name: string }) {
  const may = useMay('operator')
  const [outcome, setOutcome] = useState('')
  if (!may) return null
  const test = async () => {
    setOutcome('…')
    try {
      const { sent, took_ms, error } = await sendJson<AlertTestJson>(
        'POST',
        fillPath(alertRoutes.alertReceiverTest, { name }),
      )
      setOutcome(sent ? `sent, ${took_ms} ms` : error)
    } catch (error) {
      setOutcome(error instanceof Error ? error.message : 'it failed')
    }
  }
  return outcome === '' ? (
    <button type="button" className="link" onClick={() => void test()}>
      Send a test
    </button>
  ) : (
    <span role="status" title={outcome}>
      {outcome}
    </span>
  )
}
