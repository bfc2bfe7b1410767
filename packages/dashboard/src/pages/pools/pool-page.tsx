import type { PoolExplanationJson, PoolJson } from '@navarch/api/rest'
import { routePath } from '@navarch/api/routes'
import { Link, useNavigate, useParams } from '@tanstack/react-router'
import { useMemo } from 'react'
import { useApi } from '../../api/queries.ts'
import { useMay } from '../../app/session.ts'
import { ToneChip } from '../../components/chips.tsx'
import { Empty, Loaded } from '../../components/feedback.tsx'
import { Page } from '../../components/page.tsx'
import { Panel } from '../../components/panel.tsx'
import { Age } from '../../components/value.tsx'
import { GridCanvas } from '../../grid/grid-canvas.tsx'
import { useGridFeed } from '../../grid/grid-feed.ts'
import { parseFilter } from '../../grid/parse-filter.ts'
import { formatCount } from '../../lib/format.ts'
import { ComingNodes } from './coming-nodes.tsx'
import { Explanation } from './explanation.tsx'
import { PoolActs } from './pool-acts.tsx'
import { PoolHistory } from './pool-history.tsx'
import { modeWords, notesOf, problemsOf, sentenceOf } from './pool-words.ts'
import { SizeBar } from './size-bar.tsx'

/** A pool: why it has the size that it has. */
export function PoolPage() {
  const { name = '' } = useParams({ strict: false })
  const mayAct = useMay('operator')
  const query = useApi<PoolJson>(routePath('pool', { name }), { topics: ['live'] })
  const explanation = useApi<PoolExplanationJson>(routePath('poolExplain', { name }), { topics: ['live'] })
  const pool = query.data
  const answer = pool && sentenceOf(pool, explanation.data)
  return (
    <Page
      name={`Pool ${name}`}
      title={
        <>
          <Link to="/pools">Pools</Link> <span className="soft">/</span> {name}
        </>
      }
      {...(answer && { mood: answer.mood, answer: answer.text })}
      aside={pool && mayAct && <PoolActs pool={pool} />}
    >
      <Loaded query={query} rows={8}>
        {(loaded) => (
          <>
            {problemsOf(loaded).map(({ type, message, since }) => (
              <p key={type} className="failure" role="alert">
                <span>
                  <strong>{type}:</strong> {message}
                </span>
                <Age at={since} />
              </p>
            ))}
            <div className="pool-top">
              <PoolHistory name={name} />
              <div className="stacked">
                <Panel title="Now">
                  <SizeBar size={loaded.size} isWide />
                  <PoolFacts pool={loaded} />
                  {notesOf(loaded).map(({ type, message }) => (
                    <p key={type} className="pool-note">
                      {message}
                    </p>
                  ))}
                </Panel>
                <ComingNodes pool={name} />
              </div>
            </div>
            <Panel title="Why this size">
              <Loaded query={explanation} rows={5}>
                {(why) => <Explanation explanation={why} />}
              </Loaded>
            </Panel>
            <PoolNodes name={name} count={loaded.nodes.length} />
          </>
        )}
      </Loaded>
    </Page>
  )
}

function PoolFacts({ pool }: { pool: PoolJson }) {
  const { size, mode, manual_size: manual, autoscaler, partition, provider, instance_type: type, region } = pool
  return (
    <dl className="facts">
      <dt>Ready</dt>
      <dd>
        {formatCount(size.ready)} of {formatCount(size.wanted)} wanted, {formatCount(size.busy)} busy
        {size.provisioning > 0 && `, ${formatCount(size.provisioning)} coming`}
      </dd>
      <dt>Limits</dt>
      <dd>
        {formatCount(size.min)} to {formatCount(size.max)}
      </dd>
      <dt>Mode</dt>
      <dd>
        <ToneChip tone={mode === 'act' ? 'quiet' : 'info'}>{mode}</ToneChip>{' '}
        <span className="soft">{modeWords[mode]?.split(': ')[1]}</span>
      </dd>
      <dt>Sized by</dt>
      <dd>
        {manual === null ? `autoscaler “${autoscaler}”` : `a person: ${manual}, until it is set back to automatic`}
      </dd>
      <dt>Partition</dt>
      <dd>{partition ?? <span className="soft">none was found</span>}</dd>
      <dt>Machines</dt>
      <dd>
        {type} of {provider}
        {region !== '' && ` in ${region}`}
      </dd>
    </dl>
  )
}

function PoolNodes({ name, count }: { name: string; count: number }) {
  const navigate = useNavigate()
  const q = `pool:${/[\s",*]/.test(name) ? `"${name}"` : name}`
  const settings = useMemo(() => ({ filter: parseFilter(q), group: 'none', color: 'state' }) as const, [q])
  const feed = useGridFeed(settings)
  return (
    <Panel
      title={`Nodes (${formatCount(count)})`}
      aside={
        <Link to="/nodes" search={{ q }}>
          All of them
        </Link>
      }
    >
      {count === 0 ? (
        <Empty title="The pool has no nodes now.">
          It makes one as soon as a job needs it, or when you set its size.
        </Empty>
      ) : (
        <GridCanvas feed={feed} height={220} onOpen={(id) => void navigate({ to: '/nodes/$id', params: { id } })} />
      )}
    </Panel>
  )
}
