import type { NavarchConfig } from '@navarch/config/navarch-config'

export type Environment = Readonly<Record<string, string | undefined>>

/** A configuration with what variables add to it. */
export interface EnvironmentSettings {
  config: NavarchConfig
  /** A PostgreSQL in place of the embedded store. */
  databaseUrl?: string
  warnings: string[]
}

/** Of the document. */
export const defaultJobsPort = 8080

const dayMs = 24 * 3_600_000

/**
 * Adds the original service's variables to a configuration; what the configuration file gives wins.
 *
 * | variable | is |
 * |---|---|
 * | HOST, PORT | `server.jobs_address` |
 * | SCHEDULER_BACKEND | `slurm.driver`: mock is none; slurm is rest with SLURM_BASE_URL, else by what is found |
 * | SLURM_BASE_URL | `slurm.rest_url`, and `slurm.driver: rest` |
 * | SLURM_API_VERSION | `slurm.api_version` |
 * | SLURM_AUTH_TOKEN | what `slurm.token_env` names |
 * | DATABASE_URL | PostgreSQL in place of the embedded store |
 * | METRICS_RETENTION_DAYS | `jobs.retention.samples` |
 * | SEED_DEMO | accepted, not active |
 *
 * An empty variable counts as not set.
 * @param isGiven whether the file gives a key, e.g. "slurm.driver"
 * @returns the errors, each with the variable, its rule and its value, when a value is not allowed
 */
export function withEnvironment(
  config: NavarchConfig,
  isGiven: (key: string) => boolean,
  env: Environment,
): EnvironmentSettings | { errors: string[] } {
  const errors: string[] = []
  const warnings: string[] = []
  const read = <T>(name: string, rule: string, parse: (text: string) => T | undefined, secret = false) => {
    const text = env[name]?.trim()
    if (!text) return undefined
    const value = parse(text)
    if (value === undefined) errors.push(`${name} must be ${rule}${secret ? '' : `, not ${JSON.stringify(text)}`}`)
    return value
  }
  const host = read('HOST', 'a host name or an IP address', (text) =>
    /^[\w.:-]{1,253}$/.test(text) ? text : undefined,
  )
  const port = read('PORT', 'a port from 0 to 65535', (text) => wholeNumber(text, 0, 65_535))
  const backend = read('SCHEDULER_BACKEND', 'mock or slurm', (text) =>
    text === 'mock' || text === 'slurm' ? text : undefined,
  )
  // It may have a password in it.
  const baseUrl = read('SLURM_BASE_URL', 'an http:// or https:// URL such as http://slurm:6820', httpUrl, true)
  const apiVersion = read('SLURM_API_VERSION', 'a version such as v0.0.40', (text) =>
    /^v0\.0\.\d{1,3}$/.test(text) ? text : undefined,
  )
  const days = read('METRICS_RETENTION_DAYS', 'a whole number of days from 1 to 36500', (text) =>
    wholeNumber(text, 1, 36_500),
  )
  const seedDemo = read('SEED_DEMO', 'true or false', (text) => booleans[text.toLowerCase()])
  if (errors.length > 0) return { errors }
  if (seedDemo) warnings.push('SEED_DEMO is accepted, not active yet: no jobs are made up; npm run demo shows some')

  const { DATABASE_URL: databaseUrl, SLURM_AUTH_TOKEN: token } = env
  return {
    config: {
      ...config,
      server: isGiven('server.jobs_address') ? config.server : withJobsAddress(config.server, host, port),
      slurm: withSlurm(config.slurm, isGiven, { backend, baseUrl, apiVersion, hasToken: Boolean(token) }),
      jobs: isGiven('jobs.retention.samples') ? config.jobs : withRetention(config.jobs, days),
    },
    ...(databaseUrl && { databaseUrl }),
    warnings,
  }
}

const booleans: Readonly<Record<string, boolean | undefined>> = { true: true, '1': true, false: false, '0': false }

function withJobsAddress(
  server: NavarchConfig['server'],
  host: string | undefined,
  port: number | undefined,
): NavarchConfig['server'] {
  if (host === undefined && port === undefined) return server
  return { ...server, jobsAddress: { host: host ?? server.address.host, port: port ?? defaultJobsPort } }
}

function withSlurm(
  slurm: NavarchConfig['slurm'],
  isGiven: (key: string) => boolean,
  given: {
    backend: 'mock' | 'slurm' | undefined
    baseUrl: string | undefined
    apiVersion: string | undefined
    hasToken: boolean
  },
): NavarchConfig['slurm'] {
  const { backend, baseUrl, apiVersion, hasToken } = given
  const driver = backend === 'mock' ? 'none' : baseUrl === undefined ? slurm.driver : 'rest'
  return {
    ...slurm,
    ...(!isGiven('slurm.driver') && { driver }),
    ...(baseUrl !== undefined && !isGiven('slurm.rest_url') && { restUrl: baseUrl }),
    ...(apiVersion !== undefined && !isGiven('slurm.api_version') && { apiVersion }),
    ...(hasToken && !isGiven('slurm.token_env') && { tokenEnv: 'SLURM_AUTH_TOKEN' }),
  }
}

function withRetention(jobs: NavarchConfig['jobs'], days: number | undefined): NavarchConfig['jobs'] {
  if (days === undefined) return jobs
  const { rawMs, jobsMs } = jobs.retention
  const samplesMs = days * dayMs
  const retention = {
    ...jobs.retention,
    samplesMs,
    rawMs: Math.min(rawMs, samplesMs),
    jobsMs: Math.max(jobsMs, samplesMs),
  }
  return { ...jobs, retention }
}

function wholeNumber(text: string, least: number, most: number): number | undefined {
  const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN
  return value >= least && value <= most ? value : undefined
}

function httpUrl(text: string): string | undefined {
  return /^https?:\/\/\S+$/i.test(text) && URL.canParse(text) ? text.replace(/\/+$/, '') : undefined
}
