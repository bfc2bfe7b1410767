import { type NodeStoryJson, viewRoutes } from '@navarch/api/views'
import { Link, useParams } from '@tanstack/react-router'
import { useFleetNode } from '../../api/fleet-hooks.ts'
import { isNotFound } from '../../api/is-not-found.ts'
import { useApi } from '../../api/queries.ts'
import { useMay } from '../../app/session.ts'
import { StateChip } from '../../components/chips.tsx'
import { Empty, Failure, Loaded, Skeleton } from '../../components/feedback.tsx'
import { dayStretches, HoursSwitch, useHours } from '../../components/hours-switch.tsx'
import { Page } from '../../components/page.tsx'
import { Panel } from '../../components/panel.tsx'
import { Id } from '../../components/value.tsx'
import { isFaulty, ownerWords } from '../../grid/node-words.ts'
import { fillPath, withQuery } from '../../lib/path.ts'
import { NodeActs } from '../nodes/node-acts.tsx'
import { BootstrapLogs } from './bootstrap-logs.tsx'
import { Findings } from './findings.tsx'
import { GpuRows } from './gpu-rows.tsx'
import { Lanes } from './lanes.tsx'
import { MissingNodeParts, useMissingNode } from './missing-node.tsx'
import { NodeFacts } from './node-facts.tsx'
import { NodeJobs } from './node-jobs.tsx'
import { NodeOperations } from './node-operations.tsx'

/** A node: what is going on, why, and what comes next. */
export function NodePage() {
  const { id = '' } = useParams({ strict: false })
  const hours = useHours(dayStretches, '24')
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
          <StateChip state={row.state} isFaulty={isFaulty(row)}>
            {row.state} {ownerWords(row)}
          </StateChip>
        </span>
      )}
    </>
  )
  const isMissing = isNotFound(error)
  const missing = useMissingNode(id, isMissing)
  if (isMissing) {
    return (
      <Page title={title} name={id} mood="unknown" {...(missing && { answer: missing.text })}>
        {missing ? <MissingNodeParts id={id} missing={missing} /> : <Skeleton rows={6} />}
      </Page>
    )
  }
  if (data === undefined) {
    return (
      <Page title={title} name={id}>
        <Panel>{error ? <Failure error={error} onRetry={() => void story.refetch()} /> : <Skeleton rows={10} />}</Panel>
      </Page>
    )
  }
  return (
    <Page
      title={title}
      name={id}
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
            <Panel title="Over time" aside={<HoursSwitch stretches={dayStretches} usual="24" />}>
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
