import type { JobReportJson } from '@navarch/api/jobs'
import { formatDuration } from '@navarch/core/duration'
import { bytesText } from '@navarch/core/job/phrases'

const width = 80
const mostNotes = 5
/** The agent takes no more. */
const mostCharacters = 4096

/**
 * What users find at the end of their output file: how the job ended and what it used, between two rules. What is not known is
 * left out; control characters, which a job's names may have, are spaces.
 */
export function outputBlock({ job, verdict, efficiency, notes }: JobReportJson): string {
  const { cpu, memory, gpu, memory_max_bytes: memoryBytes, memory_allocated_bytes: allocatedBytes } = efficiency
  const { walltime_seconds: wall, time_limit_seconds: limit } = efficiency
  const span = (seconds: number) => formatDuration(Math.round(seconds) * 1000)
  const of = (part: string, whole: string | undefined) => (whole === undefined ? part : `${part} of ${whole}`)
  const percent = (value: number) => `${Math.round(value)} %`
  const figures = [
    wall !== undefined && `time ${of(span(wall), limit === undefined ? undefined : span(limit))}`,
    cpu !== undefined && `CPU ${percent(cpu)}`,
    memory !== undefined &&
      `memory ${percent(memory)}${memoryBytes === undefined ? '' : ` (${of(bytesText(memoryBytes), allocatedBytes === undefined ? undefined : bytesText(allocatedBytes))})`}`,
    gpu !== undefined && `GPU ${percent(gpu)}`,
  ].filter((figure) => figure !== false)
  const told = notes.slice(0, mostNotes).map(({ text, flag }) => `- ${text}${flag === undefined ? '' : ` (${flag})`}`)
  const lines = [
    verdict.sentence + (verdict.cause === 'none' ? '' : ` (${verdict.confidence})`),
    ...(figures.length > 0 ? [`Used: ${figures.join(', ')}`] : []),
    ...told,
  ].map((line) => line.replace(/\p{Cc}+/gu, ' '))
  const title = `== navarch: job ${job.id} `
  const body = lines.join('\n').slice(0, mostCharacters - 3 * width)
  return `\n${title.padEnd(width, '=')}\n${body}\n${'='.repeat(width)}\n`
}
