import { readFileSync } from 'node:fs'
import type { ClientConfig } from 'pg'
import { StoreError } from '../store.ts'

/** Where a PostgreSQL is, and how to get in. */
export interface DatabaseAddress {
  /** Without the password, for people: "postgres://hpc@postgres:5432/hpc_jobs". */
  description: string
  client: ClientConfig
  /** `prefer`: encrypted where the server can, plain where it cannot. */
  tls: 'disable' | 'prefer' | 'require'
}

const sslModes = ['disable', 'allow', 'prefer', 'require', 'verify-ca', 'verify-full'] as const
type SslMode = (typeof sslModes)[number]

const parameters = ['host', 'sslmode', 'sslrootcert', 'sslcert', 'sslkey', 'options', 'application_name'] as const

const example = 'postgres://user:password@host:5432/database?sslmode=disable'

/**
 * Reads a `DATABASE_URL`. Parameters and the meanings of `sslmode` are libpq's
 * (https://www.postgresql.org/docs/current/libpq-connect.html); `allow` is taken for `prefer`.
 * @throws StoreError which says what is wrong and never holds the password
 */
export function parseDatabaseUrl(text: string): DatabaseAddress {
  if (!URL.canParse(text)) {
    throw bad('it is no URL; in the password, write %40 for @, %2F for /, %23 for # and so on')
  }
  const url = new URL(text)
  if (url.protocol !== 'postgres:' && url.protocol !== 'postgresql:') {
    throw bad(`it begins with ${JSON.stringify(url.protocol)}: only postgres:// is known`)
  }
  for (const name of url.searchParams.keys()) {
    if (!parameters.some((known) => known === name)) {
      throw bad(`${JSON.stringify(name)} is not among the parameters ${parameters.join(', ')}`)
    }
  }
  const parameter = (name: (typeof parameters)[number]) => url.searchParams.get(name) || undefined
  const host = parameter('host') ?? (decoded(url.hostname).replace(/^\[(.*)\]$/, '$1') || 'localhost')
  const port = url.port === '' ? 5432 : Number(url.port)
  const database = decoded(url.pathname.slice(1))
  const user = decoded(url.username)
  if (database === '') throw bad('it names no database')
  if (user === '') throw bad('it names no user')
  const password = decoded(url.password)
  const mode = sslModeOf(parameter('sslmode') ?? 'prefer')
  const shown = host.startsWith('/') ? `${host}:${port}` : `${host.includes(':') ? `[${host}]` : host}:${port}`
  const options = parameter('options')
  return {
    description: `postgres://${user}@${shown}/${database}`,
    client: {
      host,
      port,
      database,
      user,
      ...(password !== '' && { password }),
      ...(options !== undefined && { options }),
      application_name: parameter('application_name') ?? 'navarch-control-plane',
      // A socket is never encrypted.
      ssl: host.startsWith('/') ? false : tlsOf(mode, parameter),
    },
    tls: host.startsWith('/') || mode === 'disable' ? 'disable' : mode === 'prefer' ? 'prefer' : 'require',
  }
}

function tlsOf(mode: SslMode, parameter: (name: 'sslrootcert' | 'sslcert' | 'sslkey') => string | undefined) {
  if (mode === 'disable') return false
  const file = (name: 'sslrootcert' | 'sslcert' | 'sslkey') => {
    const path = parameter(name)
    return path === undefined ? undefined : readParameter(name, path)
  }
  const [ca, cert, key] = [file('sslrootcert'), file('sslcert'), file('sslkey')]
  if (mode === 'verify-ca' && ca === undefined) throw bad('sslmode=verify-ca needs sslrootcert, the file of the CA')
  const files = { ...(ca && { ca }), ...(cert && { cert }), ...(key && { key }) }
  if (mode === 'verify-full') return { ...files, rejectUnauthorized: true }
  // libpq: with the CA's file at hand, `require` checks the certificate as `verify-ca` does.
  if (ca) return { ...files, rejectUnauthorized: true, checkServerIdentity: () => undefined }
  return { ...files, rejectUnauthorized: false }
}

function sslModeOf(text: string): SslMode {
  const mode = sslModes.find((known) => known === text)
  if (!mode) throw bad(`sslmode is ${JSON.stringify(text)}: it must be one of ${sslModes.join(', ')}`)
  return mode === 'allow' ? 'prefer' : mode
}

function readParameter(name: string, path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (cause) {
    throw bad(`${name}: ${cause instanceof Error ? cause.message : String(cause)}`)
  }
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw bad('a "%" in it is not followed by two hexadecimal digits')
  }
}

function bad(reason: string): StoreError {
  return new StoreError(`DATABASE_URL: ${reason}; write it like ${example}`)
}
