import { formatDuration } from '@navarch/core/duration'
import { jobKeys, jobMetricsKeys, remoteWriteKeys, retentionKeys } from '../keys/job-keys.ts'
import type { JobsSpec, RemoteWriteSpec } from '../navarch-config.ts'
import type { ObjectValue } from '../schema/schema.ts'
import type { Resolver } from './settings.ts'

/** Effective settings of what is done about jobs. */
export function resolveJobs(jobs: ObjectValue<typeof jobKeys> | undefined, resolver: Resolver): JobsSpec {
  const given = jobs?.given ?? {}
  const retention = given.retention?.value.given ?? {}
  const metrics = given.metrics?.value.given ?? {}
  const rawMs = resolver.pick('jobs.retention.raw', retentionKeys.raw, [retention.raw])
  const stepMs = resolver.pick('jobs.retention.step', retentionKeys.step, [retention.step])
  const samplesMs = resolver.pick('jobs.retention.samples', retentionKeys.samples, [retention.samples])
  const jobsMs = resolver.pick('jobs.retention.jobs', retentionKeys.jobs, [retention.jobs])
  if (jobsMs < samplesMs && retention.jobs) {
    const rule = `must be at least retention.samples (${formatDuration(samplesMs)}): readings go with their job`
    resolver.reader.error(retention.jobs.place, retention.jobs.path, rule)
  }
  const maxSeries = resolver.pick('jobs.metrics.max_series', jobMetricsKeys.max_series, [metrics.max_series])
  const remoteWrite = resolveRemoteWrite(given.remote_write?.value, resolver)
  return {
    retention: { rawMs: Math.min(rawMs, samplesMs), stepMs, samplesMs, jobsMs },
    metrics: {
      ...(maxSeries !== undefined && { maxSeries }),
      endedMs: resolver.pick('jobs.metrics.ended', jobMetricsKeys.ended, [metrics.ended]),
    },
    ...(remoteWrite && { remoteWrite }),
    adminComment: resolver.pick('jobs.admin_comment', jobKeys.admin_comment, [given.admin_comment]),
    outputFile: resolver.pick('jobs.output_file', jobKeys.output_file, [given.output_file]),
  }
}

function resolveRemoteWrite(
  section: ObjectValue<typeof remoteWriteKeys> | undefined,
  resolver: Resolver,
): RemoteWriteSpec | undefined {
  const given = section?.given ?? {}
  const name = (key: string) => `jobs.remote_write.${key}`
  const url = resolver.pick(name('url'), remoteWriteKeys.url, [given.url])
  const intervalMs = resolver.pick(name('interval'), remoteWriteKeys.interval, [given.interval])
  const timeoutMs = resolver.pick(name('timeout'), remoteWriteKeys.timeout, [given.timeout])
  const tokenEnv = resolver.pick(name('token_env'), remoteWriteKeys.token_env, [given.token_env])
  const username = resolver.pick(name('username'), remoteWriteKeys.username, [given.username])
  const passwordEnv = resolver.pick(name('password_env'), remoteWriteKeys.password_env, [given.password_env])
  const headers = resolver.pick(name('headers'), remoteWriteKeys.headers, [given.headers])
  if (!section) return undefined
  const fail = (message: string) => resolver.reader.error(section.place, section.path, message)
  if (url === undefined) {
    if (section.intact) fail('needs url, the address of an engine that speaks remote write')
    return undefined
  }
  const { username: user, password } = new URL(url)
  if (user !== '' || password !== '') fail('url has a user in it: give username and password_env')
  if ((username === undefined) !== (passwordEnv === undefined)) fail('username and password_env belong together')
  if (tokenEnv !== undefined && username !== undefined) fail('token_env and username are two ways: keep one')
  return {
    url,
    intervalMs,
    timeoutMs,
    ...(tokenEnv !== undefined && { tokenEnv }),
    ...(username !== undefined && passwordEnv !== undefined && { basic: { username, passwordEnv } }),
    headers: headers ?? {},
  }
}
