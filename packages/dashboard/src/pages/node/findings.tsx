import type { FindingStoryJson } from '@navarch/api/views'
import { Link } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import { ToneChip } from '../../components/chips.tsx'
import { Age, Id } from '../../components/value.tsx'

const blames: Record<FindingStoryJson['blame'], string> = {
  hardware: 'usually the hardware',
  driver: 'usually the driver',
  application: 'usually the job’s own code',
  unknown: 'whose fault it is, is not known',
}

/** Faults, each with what it means, the line that says so, what was done and what comes next. Those that are over are folded. */
export function Findings({ findings }: { findings: readonly FindingStoryJson[] }) {
  return (
    <ol className="findings">
      {findings.map((finding, index) => {
        const before = findings[index - 1]
        const isSame = before !== undefined && sameActs(before, finding)
        return (
          <li key={finding.id} className={`finding ${finding.active ? 'is-active' : ''}`}>
            {finding.active ? (
              <article>
                <header className="finding-head">
                  <FindingHead finding={finding} />
                </header>
                <FindingBody finding={finding} isSame={isSame} />
              </article>
            ) : (
              <details>
                <summary className="finding-head">
                  <FindingHead finding={finding} />
                </summary>
                <FindingBody finding={finding} isSame={false} />
              </details>
            )}
          </li>
        )
      })}
    </ol>
  )
}

function FindingHead({ finding }: { finding: FindingStoryJson }) {
  const { title, gpu_index: gpu, gpu_uuid: uuid, active, at, last_seen_at: last, count } = finding
  return (
    <>
      <h3>
        {title}
        {gpu !== null && <span title={uuid ?? ''}> on GPU {gpu}</span>}
      </h3>
      <ToneChip tone={active ? 'mending' : 'quiet'}>{active ? 'active' : 'over'}</ToneChip>
      <span className="soft">
        {count > 1 ? (
          <>
            {count} times since <Age at={at} />, last <Age at={last} />
          </>
        ) : (
          <Age at={at} />
        )}
      </span>
      {!active && <span className="finding-brief soft">{finding.meaning}</span>}
    </>
  )
}

function FindingBody({ finding, isSame }: { finding: FindingStoryJson; isSame: boolean }): ReactNode {
  const { meaning, blame, evidence, done, next } = finding
  return (
    <div className="finding-body">
      <p>
        {meaning} <span className="soft">({blames[blame]})</span>
      </p>
      {evidence !== '' && <pre className="log">{evidence}</pre>}
      {isSame && <p className="soft">What was done is the same as above.</p>}
      {!isSame && done.length > 0 && (
        <ol className="finding-done">
          {done.map((act, index) => (
            <li key={`${act.at} ${act.text}`}>
              <span className="soft">
                <Age at={act.at} />
              </span>
              <span>
                {act.text}
                {act.operation !== '' && act.operation !== done[index - 1]?.operation && (
                  <>
                    {' '}
                    <Link to="/operations/$id" params={{ id: act.operation }}>
                      <Id>{act.operation}</Id>
                    </Link>
                  </>
                )}
              </span>
            </li>
          ))}
        </ol>
      )}
      {next !== '' && (
        <p className="finding-next">
          <strong>Next:</strong> {next}
        </p>
      )}
    </div>
  )
}

/** One operation often answers several faults of the same moment. */
function sameActs(one: FindingStoryJson, other: FindingStoryJson): boolean {
  return other.done.length > 0 && JSON.stringify(one.done) === JSON.stringify(other.done)
}
