import { create } from '@bufbuild/protobuf'
import {
  JobReadingSchema,
  type JobSampleBatch,
  JobSampleBatchSchema,
  type JobReading as WireReading,
} from '@navarch/api/control-plane'
import type { JobSample } from '@navarch/core/job/sample-columns'
import type { TrackedJob } from './tracked-job.ts'

/** A sample as it goes over the link. */
export function sampleToWire({ at, host, gpus }: JobSample): WireReading {
  const values = { at, host: [...host], gpus: gpus.map((gpu) => ({ uuid: gpu.uuid, values: [...gpu.values] })) }
  return create(JobReadingSchema, values)
}

/** A job's samples, with what it has used until the last of them. */
export function batchOf({ identity, usage }: TrackedJob, readings: WireReading[]): JobSampleBatch {
  return create(JobSampleBatchSchema, {
    cluster: identity.cluster ?? '',
    jobId: identity.jobId,
    restart: identity.restart ?? 0,
    newestRun: identity.restart === undefined,
    readings,
    usage: JSON.stringify(usage),
  })
}
