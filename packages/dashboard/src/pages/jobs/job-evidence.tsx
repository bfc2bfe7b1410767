import type { JobReportJson } from '@navarch/api/jobs'
import { Panel } from '../../components/panel.tsx'
import { Age, Id } from '../../components/value.tsx'
import { blameOf } from './job-words.ts'

/** Whose doing the end was, with the lines that say so. */
export function JobEvidence({ verdict }: { verdict: JobReportJson['verdict'] }) {
  if (verdict.evidence.length === 0 && verdict.cause === 'none') return null
  return (
    <Panel title="Why we say so" aside={<span className="soft">{verdict.confidence}</span>}>
      <p>
        {blameOf(verdict.cause)} {verdict.evidence.length === 0 && 'Nothing else was seen about it.'}
      </p>
      <ol className="evidence">
        {verdict.evidence.map(({ at, node, source, text }) => (
          <li key={`${at} ${node} ${text}`}>
            <span className="soft">
              {at === undefined ? source : <Age at={at} />} {node !== undefined && <Id>{node}</Id>}{' '}
              {at !== undefined && source}
            </span>
            <code className="log">{text}</code>
          </li>
        ))}
      </ol>
    </Panel>
  )
}
