import type { OperationJson, OperationStepJson } from '@navarch/api/rest'
import { routePath } from '@navarch/api/routes'
import { Link, useParams } from '@tanstack/react-router'
import { useNow } from '../../api/fleet-hooks.ts'
import { useApi } from '../../api/queries.ts'
import { ToneChip } from '../../components/chips.tsx'
import { Loaded } from '../../components/feedback.tsx'
import { Page } from '../../components/page.tsx'
import { Panel } from '../../components/panel.tsx'
import { Age, Id } from '../../components/value.tsx'
import { formatDuration, formatExactTime } from '../../lib/format.ts'
import { BootstrapLogs } from '../node/bootstrap-logs.tsx'
import { OperationActs } from './operation-acts.tsx'
import { answerOfOperation, nameOfOperationState, secondsOfStep, toneOfOperation } from './operation-words.ts'

/** One operation: its steps as they come, why it exists, who did what. */
export function OperationPage() {
  const { id } = useParams({ strict: false })
  const operation = useApi<OperationJson>(routePath('operation', { id: id ?? '' }), { topics: ['live'], everyMs: 5000 })
  const now = useNow(1000)
  const { data } = operation
  return (
    <Page
      name={`Operation ${id}`}
      title={
        <>
          Operation <Id>{id}</Id>
        </>
      }
      aside={
        data && (
          <>
            <ToneChip tone={toneOfOperation(data.state)}>{nameOfOperationState(data.state)}</ToneChip>
            <OperationActs operation={data} />
          </>
        )
      }
      {...(data ? answerOfOperation(data, now) : {})}
    >
      <Loaded query={operation} rows={8}>
        {(loaded) => (
          <div className="operation">
            <Panel title="Steps">
              <ol className="steps">
                {loaded.steps.map((step) => (
                  <Step key={step.name} step={step} now={now} />
                ))}
              </ol>
            </Panel>
            <div className="stacked">
              <Panel title="About it">
                <Facts operation={loaded} />
              </Panel>
              {loaded.steps.some(({ name, state }) => name === 'bootstrap' && state !== 'pending') && (
                <Panel title="Bootstrap log">
                  <BootstrapLogs node={loaded.node} />
                </Panel>
              )}
            </div>
          </div>
        )}
      </Loaded>
    </Page>
  )
}

const marks: Record<OperationStepJson['state'], string> = {
  pending: '○',
  running: '◔',
  succeeded: '✓',
  failed: '✕',
  skipped: '–',
}

function Step({ step, now }: { step: OperationStepJson; now: number }) {
  const seconds = secondsOfStep(step, now)
  return (
    <li className={`step is-${step.state}`}>
      <span className="step-mark" aria-hidden="true">
        {marks[step.state]}
      </span>
      <span className="step-name">{step.name}</span>
      <span className="visually-hidden">{step.state}</span>
      <span className="step-message">{step.message}</span>
      {step.attempts > 1 && <span className="soft">{step.attempts} tries</span>}
      <span className="step-time" title={step.started_at === null ? '' : formatExactTime(Date.parse(step.started_at))}>
        {seconds === null ? '' : formatDuration(seconds)}
      </span>
    </li>
  )
}

function Facts({ operation }: { operation: OperationJson }) {
  const { approval } = operation
  return (
    <dl className="facts">
      <dt>What</dt>
      <dd>{operation.kind}</dd>
      <dt>Node</dt>
      <dd>
        <Link to="/nodes/$id" params={{ id: operation.node }}>
          <Id>{operation.node}</Id>
        </Link>
      </dd>
      {operation.pool !== '' && (
        <>
          <dt>Pool</dt>
          <dd>
            <Link to="/pools/$name" params={{ name: operation.pool }}>
              {operation.pool}
            </Link>
          </dd>
        </>
      )}
      <dt>Why</dt>
      <dd>{operation.reason}</dd>
      <dt>Asked for by</dt>
      <dd>{operation.initiator}</dd>
      <dt>Began</dt>
      <dd>
        <Age at={operation.created_at} />
      </dd>
      <dt>Last change</dt>
      <dd>
        <Age at={operation.updated_at} />
      </dd>
      {approval !== null && (
        <>
          <dt>Approval</dt>
          <dd>
            {approval.state}
            {approval.by !== null && ` by ${approval.by}`}, <Age at={approval.at} />
            {approval.reason !== null && <span className="soft">: {approval.reason}</span>}
          </dd>
        </>
      )}
    </dl>
  )
}
