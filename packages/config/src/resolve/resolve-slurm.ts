import { slurmKeys } from '../keys/slurm-keys.ts'
import type { SlurmSpec } from '../navarch-config.ts'
import type { ObjectValue } from '../schema/schema.ts'
import { type PathBase, resolveGivenPath } from './file-path.ts'
import type { Resolver } from './settings.ts'

/** Effective settings of how Slurm is reached. */
export function resolveSlurm(
  slurm: ObjectValue<typeof slurmKeys> | undefined,
  base: PathBase,
  resolver: Resolver,
): SlurmSpec {
  const given = slurm?.given ?? {}
  const path = (each: typeof given.conf) => [resolveGivenPath(each, base, resolver.reader)]
  const driver = resolver.pick('slurm.driver', slurmKeys.driver, [given.driver])
  const conf = resolver.pick('slurm.conf', slurmKeys.conf, path(given.conf))
  const bin = resolver.pick('slurm.bin', slurmKeys.bin, path(given.bin))
  const restUrl = resolver.pick('slurm.rest_url', slurmKeys.rest_url, [given.rest_url])
  const apiVersion = resolver.pick('slurm.api_version', slurmKeys.api_version, [given.api_version])
  const tokenEnv = resolver.pick('slurm.token_env', slurmKeys.token_env, [given.token_env])
  const pollIntervalMs = resolver.pick('slurm.poll_interval', slurmKeys.poll_interval, [given.poll_interval])
  const mungeKey = resolver.pick('slurm.munge_key', slurmKeys.munge_key, path(given.munge_key))

  if (driver === 'rest' && restUrl === undefined && given.driver && slurm?.intact) {
    resolver.reader.error(given.driver.place, given.driver.path, 'rest needs slurm.rest_url, the address of slurmrestd')
  }
  return {
    driver,
    ...(conf !== undefined && { conf }),
    ...(bin !== undefined && { bin }),
    ...(restUrl !== undefined && { restUrl }),
    ...(apiVersion !== undefined && { apiVersion }),
    tokenEnv,
    pollIntervalMs,
    ...(mungeKey !== undefined && { mungeKey }),
  }
}
