import { type AlertHistoryJson, type AlertJson, alertRoutes, type SilenceJson } from '@navarch/api/alerts'
import { useQueryClient } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { refresh, useApi } from '../../api/queries.ts'
import { sendJson } from '../../api/request.ts'
import { useMay } from '../../app/session.ts'
import { SeverityChip, ToneChip } from '../../components/chips.tsx'
import { ActButton } from '../../components/dialog.tsx'
import { Empty, Loaded } from '../../components/feedback.tsx'
import { Page } from '../../components/page.tsx'
import { Panel } from '../../components/panel.tsx'
import { SidePanel } from '../../components/side-panel.tsx'
import { Switch } from '../../components/switch.tsx'
import { type Column, Table } from '../../components/table.tsx'
import { Age, Id } from '../../components/value.tsx'
import { keyOf } from '../../lib/key-of.ts'
import { fillPath, withQuery } from '../../lib/path.ts'
import { useUrlState } from '../../lib/url-state.ts'
import { AlertDetails } from './alert-details.tsx'
import { type AlertGroup, alertsAnswer, groupAlerts, stateOfAlert, subjectOf } from './alert-groups.ts'
import { RuleList } from './rule-list.tsx'

const views = { firing: 'Open', silences: 'Silences', history: 'History', rules: 'Rules' } as const

/** What is wrong, what it means, what to do, and whether Navarch is at it. */
export function AlertsPage() {
  const [url, setUrl] = useUrlState()
  const view = keyOf(views, url['view'], 'firing')
  const alerts = useApi<AlertJson[]>(withQuery(alertRoutes.alerts, { limit: 10_000 }), {
    topics: ['live', 'alerts'],
    everyMs: 5000,
  })
  const open = alerts.data?.filter(({ state }) => state !== 'resolved')
  const selected = alerts.data?.find(({ id }) => id === url['alert'])
  return (
    <Page
      title="Alerts"
      {...(open ? alertsAnswer(open) : {})}
      aside={<Switch label="What is shown" choices={views} value={view} onChange={(key) => setUrl({ view: key })} />}
    >
      {view === 'firing' && (
        <div className="with-panel">
          <Loaded query={alerts} rows={6}>
            {(all) => (
              <OpenAlerts
                alerts={ofGroup(all, url['group'])}
                selected={url['alert'] ?? ''}
                onSelect={(id) => setUrl({ alert: id })}
              />
            )}
          </Loaded>
          {selected && (
            <SidePanel title={selected.rule} onClose={() => setUrl({ alert: undefined })}>
              <AlertDetails alert={selected} />
            </SidePanel>
          )}
        </div>
      )}
      {view === 'silences' && <Silences />}
      {view === 'history' && <History />}
      {view === 'rules' && <RuleList />}
    </Page>
  )
}

/** Messages link to their group; one that is over shows all. */
function ofGroup(alerts: readonly AlertJson[], group: string | undefined): readonly AlertJson[] {
  const members = alerts.filter((alert) => alert.group === group && alert.state !== 'resolved')
  return members.length === 0 ? alerts : members
}

function OpenAlerts({
  alerts,
  selected,
  onSelect,
}: {
  alerts: readonly AlertJson[]
  selected: string
  onSelect: (id: string) => void
}) {
  const groups = groupAlerts(alerts)
  if (groups.length === 0) {
    return (
      <Panel>
        <Empty title="Nothing is wrong.">
          Rules are under “Rules”; who is told stands in <code>alerts.receivers</code> of the configuration.
        </Empty>
      </Panel>
    )
  }
  // Those that stand alone share a table, at the place of the gravest of them.
  const single = groups.filter(({ alerts: members }) => members.length === 1)
  return (
    <div className="stacked">
      {groups.map((group) =>
        single.includes(group) ? (
          group === single[0] && (
            <Panel key="single">
              <Table
                label="Alerts"
                rows={single.flatMap(({ alerts: members }) => members)}
                columns={alertColumns}
                keyOf={({ id }) => id}
                selected={selected}
                onSelect={({ id }) => onSelect(id)}
              />
            </Panel>
          )
        ) : (
          <GroupPanel key={group.key} group={group} selected={selected} onSelect={onSelect} />
        ),
      )}
    </div>
  )
}

const alertColumns: readonly Column<AlertJson>[] = [
  {
    key: 'severity',
    title: 'Severity',
    width: 'minmax(92px, 1fr)',
    cell: ({ severity }) => <SeverityChip severity={severity} />,
  },
  { key: 'summary', title: 'What', width: 'minmax(160px, 6fr)', isText: true, cell: ({ summary }) => summary },
  { key: 'state', title: 'State', width: '130px', isExtra: 'phone', cell: (alert) => <AlertState alert={alert} /> },
  {
    key: 'handled',
    title: 'Navarch',
    width: '120px',
    isExtra: 'phone',
    cell: (alert) => <Handled alert={alert} />,
  },
  { key: 'since', title: 'Since', width: '80px', align: 'end', cell: ({ started_at }) => <Age at={started_at} /> },
  {
    key: 'brief',
    title: '',
    width: '0',
    isBelow: true,
    cell: (alert) => (
      <>
        <AlertState alert={alert} /> <Handled alert={alert} />
      </>
    ),
  },
]

function AlertState({ alert }: { alert: AlertJson }) {
  const isMuted = alert.silenced_by !== null || alert.acknowledged !== null
  return <span className={isMuted ? 'soft' : ''}>{stateOfAlert(alert)}</span>
}

/** What Navarch does about it: with the operation, and whether that waits for a person. */
function Handled({ alert: { being_handled: handled, awaits_approval: awaited } }: { alert: AlertJson }) {
  const id = awaited ?? handled
  if (id === null) return null
  return (
    <Link to="/operations/$id" params={{ id }} title={`Operation ${id}`}>
      {awaited !== null ? <ToneChip tone="todo">to approve</ToneChip> : 'is at it'}
    </Link>
  )
}

function GroupPanel({
  group,
  selected,
  onSelect,
}: {
  group: AlertGroup
  selected: string
  onSelect: (id: string) => void
}) {
  return (
    <Panel title={group.title} aside={<SeverityChip severity={group.severity} />}>
      <Table
        label={group.title}
        rows={group.alerts}
        columns={alertColumns}
        keyOf={({ id }) => id}
        selected={selected}
        onSelect={({ id }) => onSelect(id)}
        {...(group.alerts.length > 8 ? { height: 8 * 32 } : {})}
      />
    </Panel>
  )
}

function Silences() {
  const silences = useApi<SilenceJson[]>(alertRoutes.alertSilences, { topics: ['alerts'] })
  const client = useQueryClient()
  const may = useMay('operator')
  const end = async (id: string) => {
    await sendJson('DELETE', fillPath(alertRoutes.alertSilence, { id }))
    refresh(client, 'alerts')
  }
  const columns: readonly Column<SilenceJson>[] = [
    {
      key: 'matchers',
      title: 'Mutes',
      width: 'minmax(100px, 2fr)',
      cell: ({ matchers }) => (
        <code>{matchers.map(({ label, op, value }) => `${label}${op}"${value}"`).join(' ')}</code>
      ),
    },
    { key: 'reason', title: 'Why', width: 'minmax(120px, 2fr)', isText: true, cell: ({ reason }) => reason },
    { key: 'by', title: 'By', width: '100px', isExtra: true, cell: ({ by }) => by },
    { key: 'alerts', title: 'Alerts', width: '60px', align: 'end', isExtra: true, cell: ({ alerts }) => alerts },
    { key: 'ends', title: 'Ends', width: '90px', align: 'end', cell: ({ ends_at }) => <Age at={ends_at} /> },
    {
      key: 'act',
      title: '',
      width: '80px',
      cell: ({ id, reason }) =>
        may && (
          <ActButton
            label="End"
            form={{
              title: 'End the silence',
              consequence: `Alerts are told again: “${reason}”.`,
              submit: 'End it',
              act: () => end(id),
            }}
          />
        ),
    },
  ]
  return (
    <Panel>
      <Loaded query={silences}>
        {(rows) =>
          rows.length === 0 ? (
            <Empty title="Nothing is silenced.">An alert’s panel has the button.</Empty>
          ) : (
            <Table label="Silences" rows={rows} columns={columns} keyOf={({ id }) => id} />
          )
        }
      </Loaded>
    </Panel>
  )
}

const historyColumns: readonly Column<AlertHistoryJson>[] = [
  { key: 'at', title: 'When', width: 'minmax(74px, 90px)', cell: ({ at }) => <Age at={at} /> },
  { key: 'event', title: 'What', width: 'minmax(78px, 1fr)', cell: ({ event }) => event },
  {
    key: 'severity',
    title: 'Severity',
    width: '96px',
    isExtra: true,
    cell: ({ severity }) => <SeverityChip severity={severity} />,
  },
  { key: 'rule', title: 'Rule', width: 'minmax(90px, 2.2fr)', isExtra: 'phone', cell: ({ rule }) => rule },
  {
    key: 'on',
    title: 'On',
    width: 'minmax(94px, 1.6fr)',
    cell: ({ labels }) => <Subject labels={labels} />,
  },
  { key: 'text', title: '', width: 'minmax(160px, 6fr)', isText: true, cell: ({ text }) => text },
  { key: 'by', title: 'By', width: '110px', isExtra: true, cell: ({ by }) => (by === '' ? 'Navarch' : by) },
  { key: 'brief', title: '', width: '0', isBelow: true, cell: ({ rule }) => rule },
]

function Subject({ labels }: { labels: Readonly<Record<string, string>> }) {
  const { node, rest } = subjectOf(labels)
  return (
    <>
      {node !== '' && (
        <Link to="/nodes/$id" params={{ id: node }}>
          <Id>{node}</Id>
        </Link>
      )}
      {node !== '' && rest !== '' && ' '}
      {rest}
    </>
  )
}

function History() {
  const history = useApi<AlertHistoryJson[]>(withQuery(alertRoutes.alertHistory, { limit: 500 }), {
    topics: ['alerts'],
  })
  return (
    <Panel>
      <Loaded query={history} rows={8}>
        {(rows) =>
          rows.length === 0 ? (
            <Empty title="No alert has fired yet." />
          ) : (
            <Table
              label="History of alerts"
              rows={rows}
              columns={historyColumns}
              keyOf={({ seq }) => String(seq)}
              height="fill"
            />
          )
        }
      </Loaded>
    </Panel>
  )
}
