import { parseConfig } from '@navarch/config/parse-config'
import { describe, expect, it } from 'vitest'
import { type Environment, type EnvironmentSettings, withEnvironment } from './environment.ts'

function settings(env: Environment, text = ''): EnvironmentSettings | { errors: string[] } {
  const parsed = parseConfig(text, { file: 'c.yaml' })
  if (parsed.errors) throw new Error(parsed.errors[0]?.message)
  const given = new Set(parsed.settings.filter(({ source }) => source.startsWith('c.yaml:')).map(({ key }) => key))
  return withEnvironment(parsed.config, (key) => given.has(key), env)
}

function config(env: Environment, text?: string) {
  const found = settings(env, text)
  if ('errors' in found) throw new Error(found.errors.join('\n'))
  return found.config
}

describe("the document's variables", () => {
  it('configure a control plane without a file', () => {
    const env = {
      SCHEDULER_BACKEND: 'slurm',
      SLURM_BASE_URL: 'http://slurm:6820/',
      SLURM_API_VERSION: 'v0.0.37',
      SLURM_AUTH_TOKEN: 'secret',
      DATABASE_URL: 'postgres://hpc:password@postgres:5432/hpc_jobs?sslmode=disable',
      PORT: '9090',
      HOST: '127.0.0.1',
      METRICS_RETENTION_DAYS: '7',
    }
    expect(settings(env)).toMatchObject({
      config: {
        server: { address: { host: '0.0.0.0', port: 50051 }, jobsAddress: { host: '127.0.0.1', port: 9090 } },
        slurm: { driver: 'rest', restUrl: 'http://slurm:6820', apiVersion: 'v0.0.37', tokenEnv: 'SLURM_AUTH_TOKEN' },
        jobs: { retention: { rawMs: 48 * 3_600_000, samplesMs: 7 * 24 * 3_600_000 } },
      },
      databaseUrl: env.DATABASE_URL,
      warnings: [],
    })
  })

  it('change nothing where they are absent or empty', () => {
    const empty = { PORT: '', HOST: ' ', SCHEDULER_BACKEND: '', SLURM_BASE_URL: '', DATABASE_URL: '', SEED_DEMO: '' }
    expect(settings(empty)).toEqual({ config: config({}), warnings: [] })
  })

  it('mock is no Slurm, whatever address is given', () => {
    expect(config({ SCHEDULER_BACKEND: 'mock', SLURM_BASE_URL: 'http://slurm:6820' }).slurm.driver).toBe('none')
  })

  it('slurm without an address is what is found on the machine', () => {
    expect(config({ SCHEDULER_BACKEND: 'slurm' }).slurm.driver).toBe('auto')
  })

  it('give way to the file', () => {
    const text = `server: { jobs_address: "127.0.0.1:7070" }
slurm: { driver: cli, rest_url: "http://other:6820", api_version: v0.0.41, token_env: MINE }
jobs: { retention: { samples: 48h } }
`
    const env = {
      ...{ PORT: '9090', SCHEDULER_BACKEND: 'mock', SLURM_BASE_URL: 'http://slurm:6820', SLURM_AUTH_TOKEN: 'x' },
      ...{ SLURM_API_VERSION: 'v0.0.37', METRICS_RETENTION_DAYS: '7' },
    }
    expect(config(env, text)).toEqual(config({}, text))
  })

  it('warn of what does nothing yet', () => {
    expect(settings({ SEED_DEMO: 'true' })).toMatchObject({ warnings: [expect.stringContaining('SEED_DEMO')] })
    expect(settings({ SEED_DEMO: 'false' })).toMatchObject({ warnings: [] })
  })

  it('that are wrong are told all at once, each with its rule', () => {
    const env = {
      ...{ PORT: '99999', HOST: 'a b', SCHEDULER_BACKEND: 'pbs', SLURM_API_VERSION: '37' },
      ...{ METRICS_RETENTION_DAYS: '0', SEED_DEMO: 'perhaps' },
    }
    expect(settings(env)).toEqual({
      errors: [
        'HOST must be a host name or an IP address, not "a b"',
        'PORT must be a port from 0 to 65535, not "99999"',
        'SCHEDULER_BACKEND must be mock or slurm, not "pbs"',
        'SLURM_API_VERSION must be a version such as v0.0.40, not "37"',
        'METRICS_RETENTION_DAYS must be a whole number of days from 1 to 36500, not "0"',
        'SEED_DEMO must be true or false, not "perhaps"',
      ],
    })
  })

  it('do not show an address that may hold a password', () => {
    expect(settings({ SLURM_BASE_URL: 'slurm:secret@host' })).toEqual({
      errors: ['SLURM_BASE_URL must be an http:// or https:// URL such as http://slurm:6820'],
    })
  })
})
