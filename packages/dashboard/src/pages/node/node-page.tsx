import { type NodeStoryJson, viewRoutes } from '@navarch/api/views'
import { Link, useParams } from '@tanstack/react-router'
import { useFleetNode } from '../../api/fleet-hooks.ts'
import { useApi } from '../../api/queries.ts'
import { useMay } from '../../app/session.ts'
import { StateChip } from '../../components/chips.tsx'
import { Empty, Failure, Loaded, Skeleton } from '../../components/feedback.tsx'
import { Page, Panel } from '../../components/panel.tsx'
import { Id } from '../../components/value.tsx'
import { ownerWords } from '../../grid/node-words.ts'
import { fillPath, withQuery } from '../../lib/path.ts'
import { useUrlState } from '../../lib/url-state.ts'
import { NodeActs } from '../nodes/node-acts.tsx'
import { BootstrapLogs } from './bootstrap-logs.tsx'
import { Findings } from './findings.tsx'
import { GpuRows } from './gpu-rows.tsx'
import { Lanes } from './lanes.tsx'
import { NodeFacts } from './node-facts.tsx'
import { NodeJobs } from './node-jobs.tsx'
import { NodeOperations } from './node-operations.tsx'

const stretches = [
  ['6', '6 h'],
  ['24', '24 h'],
  ['168', '7 d'],
] as const

/** A node: what is going on, why, and what comes next. */
export function NodePage() {
  const { id = '' } = useParams({ strict: false })
  const [url, setUrl] = useUrlState()
  const hours = stretches.find(([key]) => key === url['hours'])?.[0] ?? '24'
  const mayAct = useMay('operator')
  const row = useFleetNode(id)
  const story = useApi<NodeStoryJson>(withQuery(fillPath(viewRoutes.nodeStory, { id }), { hours }), {
    topics: ['live'],
  })
  const { data, error } = story
  const title = (
    <>
      <Link to="/nodes">Nodes</Link> <span className="soft">/</span> <Id>{id}</Id>{' '}
      {row && (
        <span className="node-state">
          <StateChip state={row.state}>
            {row.state} {ownerWords(row)}
          </StateChip>
        </span>
      )}
    </>
  )
  if (data === undefined) {
    return (
      <Page title={title}>
        <Panel>{error ? <Failure error={error} onRetry={() => void story.refetch()} /> : <Skeleton rows={10} />}</Panel>
      </Page>
    )
  }
  return (
    <Page
      title={title}
      mood={data.mood}
      answer={
        <span className="node-answer">
          {data.sentences.map((sentence) => (
            <span key={sentence}>{sentence}</span>
          ))}
        </span>
      }
      aside={mayAct && <NodeActs ids={[id]} />}
    >
      <Loaded query={story}>
        {({ gpus, findings, jobs }) => (
          <>
            {findings.length > 0 && (
              <Panel title="Faults">
                <Findings findings={findings.slice(0, 12)} />
              </Panel>
            )}
            <Panel title={`GPUs (${gpus.length})`}>
              {gpus.length === 0 ? (
                <Empty title="No GPU is known here.">The agent names them with its first report.</Empty>
              ) : (
                <GpuRows gpus={gpus} />
              )}
            </Panel>
            <Panel
              title="Over time"
              aside={
                <span className="button-row">
                  {stretches.map(([key, label]) => (
                    <button
                      key={key}
                      type="button"
                      className="button"
                      aria-pressed={key === hours}
                      onClick={() => setUrl({ hours: key === '24' ? undefined : key })}
                    >
                      {label}
                    </button>
                  ))}
                </span>
              }
            >
              <Lanes story={data} />
            </Panel>
            <div className="node-below">
              <Panel title="Jobs">
                <NodeJobs jobs={jobs} />
              </Panel>
              <Panel title="Operations">
                <NodeOperations node={id} />
              </Panel>
              <Panel title="About it">
                <NodeFacts id={id} />
              </Panel>
              <Panel title="Bootstrap log">
                <BootstrapLogs node={id} />
              </Panel>
            </div>
          </>
        )}
      </Loaded>
    </Page>
  )
}
