import type { BootstrapLogJson } from '@navarch/api/rest'
import { routePath } from '@navarch/api/routes'
import { isNotFound } from '../../api/is-not-found.ts'
import { useApi } from '../../api/queries.ts'
import { ToneChip } from '../../components/chips.tsx'
import { Empty, Loaded } from '../../components/feedback.tsx'
import { ScrollArea } from '../../components/scroll-area.tsx'
import { Age } from '../../components/value.tsx'
import { formatDuration } from '../../lib/format.ts'

/** What was run on a machine to make it a node, the newest run first. */
export function BootstrapLogs({ node }: { node: string }) {
  const query = useApi<BootstrapLogJson[]>(routePath('nodeBootstrapLogs', { id: node }), { topics: ['live'] })
  if (isNotFound(query.error)) {
    return <Empty title={`There is no node ${node} now.`}>Its bootstrap logs are kept as long as it is there.</Empty>
  }
  return (
    <Loaded query={query} rows={3}>
      {(logs) =>
        logs.length === 0 ? (
          <Empty title="No bootstrap is on record.">
            Machines of an image set themselves up; others have a log here.
          </Empty>
        ) : (
          <ol className="stacked">
            {logs.slice(0, 5).map((log, index) => (
              <li key={log.started_at}>
                <details open={index === 0 && !log.success}>
                  <summary>
                    <ToneChip tone={log.success ? 'good' : 'act'}>{log.success ? 'succeeded' : 'failed'}</ToneChip>{' '}
                    <Age at={log.started_at} />, {formatDuration(log.duration_ms / 1000)}
                    <span className="soft"> of which {formatDuration(log.ssh_wait_ms / 1000)} waited for SSH</span>
                    {log.error !== '' && <span>: {log.error}</span>}
                  </summary>
                  <Commands log={log} />
                </details>
              </li>
            ))}
          </ol>
        )
      }
    </Loaded>
  )
}

function Commands({ log }: { log: BootstrapLogJson }) {
  return (
    <ol className="stacked bootstrap-commands">
      {log.commands.map((command) => (
        <li key={`${command.command} ${command.duration_ms}`}>
          <p className="row">
            <code className="bootstrap-command">{command.command}</code>
            <span className={command.exit_code === 0 ? 'soft' : 'tone-act'}>
              {command.exit_code === 0 ? '' : `exit status ${command.exit_code}, `}
              {formatDuration(command.duration_ms / 1000)}
            </span>
          </p>
          {(command.stdout !== '' || command.stderr !== '') && (
            <ScrollArea label="Output" className="log">
              <pre>{[command.stdout, command.stderr].filter((text) => text !== '').join('\n')}</pre>
            </ScrollArea>
          )}
        </li>
      ))}
    </ol>
  )
}
