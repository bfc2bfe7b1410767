import type { JobSample } from '@navarch/core/job/sample-columns'

/**
 * Joins readings of one run on one node from several sources: oldest first, each moment once. Where two speak of the same moment, the first
 * source's values count and the others' fill in what it does not know.
 */
export function mergeSamples(lists: readonly (readonly JobSample[])[]): JobSample[] {
  const merged: JobSample[] = []
  for (const sample of lists.flat().sort((a, b) => a.at - b.at)) {
    const last = merged.at(-1)
    if (last?.at === sample.at) merged[merged.length - 1] = fillIn(last, sample)
    else merged.push(sample)
  }
  return merged
}

function fillIn(first: JobSample, other: JobSample): JobSample {
  const gpus = new Map(first.gpus.map(({ uuid, values }) => [uuid, values]))
  for (const { uuid, values } of other.gpus) gpus.set(uuid, fillInValues(gpus.get(uuid) ?? [], values))
  return {
    at: first.at,
    host: fillInValues(first.host, other.host),
    gpus: [...gpus].map(([uuid, values]) => ({ uuid, values })),
  }
}

function fillInValues(first: readonly number[], other: readonly number[]): number[] {
  const length = Math.max(first.length, other.length)
  return Array.from({ length }, (_, at) => {
    const value = first[at] ?? Number.NaN
    return Number.isNaN(value) ? (other[at] ?? Number.NaN) : value
  })
}
