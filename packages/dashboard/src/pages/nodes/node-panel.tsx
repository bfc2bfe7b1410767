import { type NodeStoryJson, viewRoutes } from '@navarch/api/views'
import { Link } from '@tanstack/react-router'
import { useFleetNode } from '../../api/fleet-hooks.ts'
import { isNotFound } from '../../api/is-not-found.ts'
import { useApi } from '../../api/queries.ts'
import { useMay } from '../../app/session.ts'
import { StateChip } from '../../components/chips.tsx'
import { Empty, Loaded } from '../../components/feedback.tsx'
import { Age, Id, Unknown } from '../../components/value.tsx'
import { NodeFigures } from '../../grid/node-tip.tsx'
import { isFaulty, ownerWords } from '../../grid/node-words.ts'
import { fillPath, withQuery } from '../../lib/path.ts'
import { Findings } from '../node/findings.tsx'
import { useMissingNode } from '../node/missing-node.tsx'
import { NodeActs } from './node-acts.tsx'

/** A node beside the grid: what is the case, its figures, what can be done. @param isExplained shows its faults too */
export function NodePanel({ id, isExplained, onExplain }: { id: string; isExplained: boolean; onExplain: () => void }) {
  const node = useFleetNode(id)
  const mayAct = useMay('operator')
  const story = useApi<NodeStoryJson>(withQuery(fillPath(viewRoutes.nodeStory, { id }), { hours: 24 }), {
    topics: ['live'],
  })
  const missing = useMissingNode(id, node === undefined && isNotFound(story.error))
  if (!node) {
    return (
      <Empty title={missing?.text ?? `There is no node ${id}.`}>
        {missing?.operation && (
          <Link to="/nodes/$id" params={{ id }}>
            What was done with it
          </Link>
        )}
      </Empty>
    )
  }
  return (
    <div className="node-panel">
      <p>
        <StateChip state={node.state} isFaulty={isFaulty(node)}>
          {node.state} {ownerWords(node)}
        </StateChip>{' '}
        <span className="soft">
          since {node.since === null ? <Unknown why="not known since when" /> : <Age at={node.since} />}
        </span>
      </p>
      <Loaded query={story} rows={3}>
        {({ sentences }) => (
          <div className="node-sentences">
            {sentences.map((sentence) => (
              <p key={sentence}>{sentence}</p>
            ))}
          </div>
        )}
      </Loaded>
      <NodeFigures node={node} />
      <dl className="facts">
        <dt>Pool</dt>
        <dd>
          {node.pool === '' ? (
            <span className="soft">none</span>
          ) : (
            <Link to="/pools/$name" params={{ name: node.pool }}>
              {node.pool}
            </Link>
          )}
        </dd>
        <dt>Partitions</dt>
        <dd>{node.partitions.length > 0 ? node.partitions.join(', ') : <span className="soft">none</span>}</dd>
        {node.rack !== '' && (
          <>
            <dt>Rack</dt>
            <dd>{node.rack}</dd>
          </>
        )}
        {node.switch !== '' && (
          <>
            <dt>Switch</dt>
            <dd>{node.switch}</dd>
          </>
        )}
        <dt>Type</dt>
        <dd>{node.type === '' ? <Unknown /> : node.type}</dd>
        <dt>Jobs</dt>
        <dd>
          {node.jobs.length === 0 && <span className="soft">none</span>}
          {node.jobs.slice(0, 8).map((job) => (
            <span key={job}>
              <Link to="/jobs/$id" params={{ id: job }}>
                <Id>{job}</Id>
              </Link>{' '}
            </span>
          ))}
          {node.jobs.length > 8 && `and ${node.jobs.length - 8} more `}
          {node.users.length > 0 && <span className="soft">of {node.users.join(', ')}</span>}
        </dd>
        {node.operation !== '' && (
          <>
            <dt>Operation</dt>
            <dd>
              <Link to="/operations/$id" params={{ id: node.operation }}>
                <Id>{node.operation}</Id>
              </Link>
            </dd>
          </>
        )}
        <dt>Agent heard</dt>
        <dd>
          <Age at={node.seen_at} />
        </dd>
      </dl>
      <div className="node-panel-acts">
        <Link to="/nodes/$id" params={{ id }} className="button is-primary">
          Open
        </Link>
        {mayAct && <NodeActs ids={[id]} />}
      </div>
      {story.data && story.data.findings.length > 0 && (
        <>
          <button type="button" className="link" aria-expanded={isExplained} onClick={onExplain}>
            {isExplained ? 'Hide' : 'Explain'} {faultWords(story.data.findings)} <kbd>e</kbd>
          </button>
          {isExplained && <Findings findings={story.data.findings.slice(0, 4)} />}
        </>
      )}
    </div>
  )
}

/** Faults that are over are said to be: a healthy node has none now. */
function faultWords(findings: NodeStoryJson['findings']): string {
  const active = findings.filter(({ active: isActive }) => isActive).length
  return active > 0 ? `the faults (${active})` : `earlier faults (${findings.length}), all over`
}
