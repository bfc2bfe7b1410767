import type { SecretSource, ServerSpec } from '@navarch/config/navarch-config'
import type { Clock } from '@navarch/system/clock'
import type { Log } from '@navarch/system/log'
import type { Fleet } from '../../fleet/fleet.ts'
import type { Store } from '../../store/store.ts'
import { configuredToken, createAccess, type StaticToken } from './access.ts'
import { createAttemptLimit, deviceLoginLimits, failedLoginLimits } from './attempt-limit.ts'
import { createIsProxy } from './client-address.ts'
import { createCredentials } from './credentials.ts'
import { hashOf } from './hashes.ts'
import type { Login } from './login.ts'
import { createOidc, type Oidc } from './oidc.ts'
import { readSecret } from './read-secret.ts'

export interface OpenLoginOptions {
  server: Pick<ServerSpec, 'auth' | 'externalAddress' | 'trustedProxies'>
  /** The one token for everything that the control plane was started with. */
  authToken: string | undefined
  store: Pick<Store, 'credentials'>
  fleet: Pick<Fleet, 'commit'>
  effects: {
    clock: Clock
    log: Log
    fetch: typeof fetch
    env: Readonly<Record<string, string | undefined>>
    newId: () => string
    newSecret: () => string
  }
}

export interface OpenedLogin extends Login {
  /** What the agents of new nodes are given; undefined: they need nothing. */
  agentToken: string | undefined
  /** What is not as it should be, in sentences. */
  conditions: string[]
  /** Stores what was used when. */
  flush(): Promise<void>
}

/**
 * Who may do what, as it is configured, with what was made here before. Secrets that cannot be read are conditions: what needs
 * them is refused, and all else goes on.
 */
export async function openLogin({ server, authToken, store, fleet, effects }: OpenLoginOptions): Promise<OpenedLogin> {
  const { auth, externalAddress, trustedProxies } = server
  const { clock, log, env, newId, newSecret } = effects
  const conditions: string[] = []
  const tokens: StaticToken[] = authToken === undefined ? [] : [configuredToken(authToken)]
  if (authToken !== undefined) warnOfGuessable('--auth-token or NAVARCH_AUTH_TOKEN', authToken, log)
  let agentToken = authToken
  let ofAgents: string | undefined
  for (const { name, role, source } of auth.tokens) {
    const { value, problem } = await readSecret(source, env)
    if (value === undefined) conditions.push(`server.auth.tokens ${name}: ${problem}`)
    else {
      const hash = hashOf(value)
      const twin = tokens.find((token) => token.hash === hash)
      if (twin) {
        conditions.push(
          `server.auth.tokens ${name} is the same as ${twin.name}, so it has the role ${twin.role}: give each a value of its own`,
        )
      }
      tokens.push({ name, role, hash, where: whereOf(source) })
      warnOfGuessable(`server.auth.tokens ${name}`, value, log)
      if (role === 'agent') ofAgents ??= value
    }
  }
  agentToken = ofAgents ?? agentToken
  const oidc = await openOidc(auth.oidc, conditions, effects)
  // What is configured and cannot be read still counts: a missing file must not open the door.
  const closed = authToken !== undefined || auth.tokens.length > 0 || oidc !== undefined
  if (closed && agentToken === undefined) {
    conditions.push(
      'agents have no token to show: set NAVARCH_AUTH_TOKEN, or a token of the role agent in server.auth.tokens',
    )
  }
  for (const condition of conditions) log.warn('access', { reason: condition })
  const credentials = createCredentials({
    loaded: await store.credentials(),
    commit: (changes) => fleet.commit(changes),
    clock,
    newId,
    newSecret,
    session: { idleMs: auth.sessionIdleMs, lifetimeMs: auth.sessionLifetimeMs },
  })
  const publicUrl = auth.oidc?.redirectBase ?? externalAddress
  const access = createAccess({
    closed,
    tokens,
    credentials,
    protectJobs: auth.protectJobs,
    allowHttp: auth.allowHttp,
    ...(oidc && { verifyJwt: oidc.verifyJwt, issuer: oidc.issuer }),
    ...(publicUrl !== undefined && { publicUrl }),
    ...(trustedProxies && { isProxy: createIsProxy(trustedProxies) }),
  })
  return {
    access,
    credentials,
    oidc,
    failedLogins: createAttemptLimit(clock.now, failedLoginLimits),
    deviceLogins: createAttemptLimit(clock.now, deviceLoginLimits),
    publicUrl,
    sessionLifetimeMs: auth.sessionLifetimeMs,
    clock,
    log,
    agentToken,
    conditions,
    flush: credentials.flush,
  }
}

function whereOf({ env, file }: SecretSource): string {
  return `server.auth.tokens (${env === undefined ? `token_file: ${file}` : `token_env: ${env}`})`
}

/** Below this a token is thought of by a person, and perhaps by another one too. */
const shortestToken = 16

function warnOfGuessable(where: string, token: string, log: Log): void {
  if (token.length >= shortestToken) return
  const reason = `${where} has less than ${shortestToken} characters, and guesses are not held up: take one of "openssl rand -hex 32"`
  log.warn('access', { reason })
}

async function openOidc(
  spec: ServerSpec['auth']['oidc'],
  conditions: string[],
  effects: OpenLoginOptions['effects'],
): Promise<Oidc | undefined> {
  if (!spec) return undefined
  const secret = spec.clientSecret && (await readSecret(spec.clientSecret, effects.env))
  const unread = secret?.problem
  if (unread !== undefined) conditions.push(`server.auth.oidc client secret: ${unread}`)
  // Whoever opens the login page is told this, so no path is in it.
  const problem =
    unread === undefined ? undefined : `${spec.name}: its client secret cannot be read; the log has the reason`
  const { roleClaim, roleMapping, defaultRole } = spec
  return createOidc(
    {
      ...spec,
      roles: { roleClaim, roleMapping, ...(defaultRole !== undefined && { defaultRole }) },
      clientSecret: secret?.value,
      problem,
    },
    effects,
  )
}
