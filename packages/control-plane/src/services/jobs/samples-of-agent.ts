import type { JobSampleBatch } from '@navarch/api/control-plane'
import type { NodeUsage } from '@navarch/core/job/node-usage'
import type { JobSample } from '@navarch/core/job/sample-columns'
import { ServiceError } from '../service-error.ts'
import { parseJson } from './parse-json.ts'
import { nodeUsageSchema, usageOfAgent } from './usage-of-json.ts'

/** The readings of a batch, oldest first. One without a time cannot be kept. */
export function samplesOfBatch({ readings }: JobSampleBatch): JobSample[] {
  return readings
    .filter(({ at }) => Number.isFinite(at) && at > 0)
    .map(({ at, host, gpus }) => ({ at, host, gpus: gpus.map(({ uuid, values }) => ({ uuid, values })) }))
    .sort((a, b) => a.at - b.at)
}

/** What the job has used so far; undefined where the batch does not tell. @throws ServiceError `invalid` */
export function usageOfBatch({ usage }: JobSampleBatch): NodeUsage | undefined {
  if (usage === '') return undefined
  let json: unknown
  try {
    json = JSON.parse(usage)
  } catch {
    throw new ServiceError('invalid', 'usage: this is not JSON')
  }
  return usageOfAgent(parseJson('usage', nodeUsageSchema, json))
}
