import type { PoolExplanationJson } from '@navarch/api/rest'
import type { CommandContext } from '../../context.ts'
import { formatSpan } from '../../output/age.ts'
import { type Column, renderFields, renderTable, type TableOptions } from '../../output/table.ts'
import { show } from '../../show.ts'

/** `navarch pool explain NAME`: why the pool is the size it is, job by job. */
export async function poolExplain(
  context: CommandContext,
  name: string,
  options: { watch?: boolean },
): Promise<number> {
  const client = await context.connect()
  return show(context, options, {
    fetch: () => client.get<PoolExplanationJson>('poolExplain', { name }),
    table: (explanation) => explain(explanation, context.table()),
  })
}

function explain(explanation: PoolExplanationJson, options: TableOptions): string {
  const { data_age_seconds: age, jobs } = explanation
  const counted = jobs.filter((job) => job.counted).length
  return [
    renderFields(
      [
        ['Pool', explanation.pool],
        ['Wanted', String(explanation.wanted)],
        ['Reason', explanation.reason || '-'],
        ['Slurm data', age === null ? 'unknown' : `${formatSpan(age * 1000)} old`],
        ...(explanation.unknown_reasons.length
          ? [
              [
                'Not counted',
                { text: `reasons not known: ${explanation.unknown_reasons.join(', ')}`, tone: 'warning' },
              ] as const,
            ]
          : []),
      ],
      options,
    ),
    explanation.parts.length ? `\n${renderTable(partColumns, explanation.parts, options)}` : '',
    jobs.length
      ? `\nJobs (${counted} of ${jobs.length} counted):\n${renderTable(jobColumns, jobs, options)}`
      : '\nNo jobs\n',
  ].join('')
}

const partColumns: Column<PoolExplanationJson['parts'][number]>[] = [
  { header: 'AUTOSCALER', cell: (part) => part.type },
  { header: 'WANTED', cell: (part) => (part.wanted === null ? 'unknown' : String(part.wanted)), right: true },
  { header: 'REASON', cell: (part) => part.reason || '-' },
]

const jobColumns: Column<PoolExplanationJson['jobs'][number]>[] = [
  { header: 'JOB', cell: (job) => job.job },
  { header: 'STATE', cell: (job) => job.state },
  { header: 'NODES', cell: (job) => String(job.nodes), right: true },
  { header: 'COUNTED', cell: (job) => (job.counted ? { text: 'yes', tone: 'good' } : 'no') },
  { header: 'REASON', cell: (job) => job.reason || '-' },
]
