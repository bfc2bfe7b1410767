import { httpUrl } from '../schema/addresses.ts'
import { object, record } from '../schema/containers.ts'
import { boolean, duration, environmentName, integer, text } from '../schema/scalars.ts'
import { key } from '../schema/schema.ts'

const hourMs = 3_600_000
const dayMs = 24 * hourMs

/** Settings of how long what is known of jobs is kept. */
export const retentionKeys = {
  raw: key(duration(hourMs), 'How long readings are kept as they were read.', { default: 48 * hourMs }),
  step: key(duration(60_000), 'Time that one value stands for once readings are older than `raw`.', {
    default: 5 * 60_000,
  }),
  samples: key(duration(hourMs), 'How long readings are kept at all.', { default: 90 * dayMs }),
  jobs: key(duration(hourMs), 'How long a job is kept after its end, with its readings and its audit.', {
    default: 365 * dayMs,
  }),
}

/** Settings of what `/metrics` shows of jobs. */
export const jobMetricsKeys = {
  max_series: key(integer({ min: 0 }), 'Most series of jobs, nodes and GPUs; what is beyond is left out and counted.', {
    defaultNote: '50,000 and what the known nodes and GPUs need, up to a million',
  }),
  ended: key(duration(), 'How long a job that has ended is still shown.', { default: 5 * 60_000 }),
}

/** Settings of sending metrics on. */
export const remoteWriteKeys = {
  url: key(httpUrl(), 'Where metrics of jobs are sent by Prometheus remote write; absent: nowhere.'),
  interval: key(duration(1000), 'How often they are sent.', { default: 15_000 }),
  timeout: key(duration(100), 'Deadline of a request.', { default: 10_000 }),
  token_env: key(environmentName(), 'Environment variable that holds a bearer token.'),
  username: key(text('a user name'), 'User of basic authentication.'),
  password_env: key(environmentName(), "Environment variable that holds that user's password."),
  headers: key(record(text()), 'Headers of each request, such as X-Scope-OrgID.', { secret: true }),
}

export const jobKeys = {
  retention: key(object(retentionKeys), 'How long what is known of jobs is kept.'),
  metrics: key(object(jobMetricsKeys), 'What `/metrics` shows of jobs.'),
  remote_write: key(object(remoteWriteKeys), 'Sends the metrics of jobs to an engine that speaks remote write.'),
  admin_comment: key(boolean(), "Whether a job's summary is written into its AdminComment in Slurm after its end.", {
    default: false,
  }),
  output_file: key(
    boolean(),
    "Whether the agent of a job's first node appends the verdict to the job's output file after its end, as the job's user.",
    { default: false },
  ),
}
