import { setImmediate } from 'node:timers/promises'
import type { SlurmSpec } from '@navarch/config/navarch-config'
import { createSlurmClient, type SlurmClient } from '@navarch/slurm/client'
import type { RestFetch } from '@navarch/slurm/rest/rest-call'
import { createSlurmRestClient } from '@navarch/slurm/rest/rest-client'
import { createSnapshotPoller } from '@navarch/slurm/snapshot-poller'
import type { Clock } from '@navarch/system/clock'
import type { Log } from '@navarch/system/log'
import type { RunCommand } from '@navarch/system/run-command'
import { findSlurm } from './find-slurm.ts'
import { createSlurmLink, type SlurmLink } from './slurm-link.ts'
import { unixFetch } from './unix-fetch.ts'

export interface SlurmEffects {
  clock: Clock
  run: RunCommand
  /** Runs Slurm's commands, whatever is installed; absent: `run`. */
  runSlurm?: RunCommand
  fetch: RestFetch
  env: Readonly<Record<string, string | undefined>>
  log: Log
  newId: () => string
}

/** Begins to look at Slurm as the configuration says. Never an error; undefined: without Slurm, and why is in the log. */
export async function connectSlurm(spec: SlurmSpec, effects: SlurmEffects): Promise<SlurmLink | undefined> {
  const { clock, log } = effects
  const choice = await findSlurm(spec, effects.env)
  if (choice.warning !== undefined) log.warn(choice.warning)
  const driver = effects.runSlurm ? 'cli' : choice.driver
  if (driver === undefined) return undefined
  const client = driver === 'rest' ? restClient(spec, effects) : cliClient(spec, effects)
  const poller = createSnapshotPoller({ client, clock, intervalMs: spec.pollIntervalMs })
  return createSlurmLink(client, poller, clock, driver === 'rest' ? 'slurmrestd' : 'squeue')
}

function cliClient({ bin, conf }: SlurmSpec, { run, runSlurm, clock, newId }: SlurmEffects): SlurmClient {
  return createSlurmClient({
    run: runSlurm ?? run,
    clock,
    mark: newId().replaceAll(/\W/g, ''),
    breathe: setImmediate,
    ...(bin !== undefined && { bin }),
    ...(conf !== undefined && { conf }),
  })
}

function restClient(
  { restUrl = '', apiVersion, tokenEnv }: SlurmSpec,
  { fetch, clock, env }: SlurmEffects,
): SlurmClient {
  const socket = /^unix:(.+)$/.exec(restUrl)?.[1]
  return createSlurmRestClient({
    url: socket === undefined ? restUrl : 'http://localhost',
    fetch: socket === undefined ? fetch : unixFetch(socket),
    clock,
    token: () => env[tokenEnv] || undefined,
    ...(apiVersion !== undefined && { apiVersion }),
  })
}
