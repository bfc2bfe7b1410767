import type { ServerSpec } from '@navarch/config/navarch-config'
import type { Clock } from '@navarch/system/clock'
import type { Log } from '@navarch/system/log'
import type { Fleet } from '../../fleet/fleet.ts'
import type { Store } from '../../store/store.ts'
import { configuredToken, createAccess, type StaticToken } from './access.ts'
import { createCredentials } from './credentials.ts'
import { createFailedLogins } from './failed-logins.ts'
import { hashOf } from './hashes.ts'
import type { Login } from './login.ts'
import { createOidc, type Oidc } from './oidc.ts'
import { readSecret } from './read-secret.ts'

export interface OpenLoginOptions {
  server: Pick<ServerSpec, 'auth' | 'externalAddress'>
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
  close(): void
}

/**
 * Who may do what, as it is configured, with what was made here before. Secrets that cannot be read are conditions: what needs
 * them is refused, and all else goes on.
 */
export async function openLogin({ server, authToken, store, fleet, effects }: OpenLoginOptions): Promise<OpenedLogin> {
  const { auth, externalAddress } = server
  const { clock, log, env, newId, newSecret } = effects
  const conditions: string[] = []
  const tokens: StaticToken[] = authToken === undefined ? [] : [configuredToken(authToken)]
  let agentToken = authToken
  let ofAgents: string | undefined
  for (const { name, role, source } of auth.tokens) {
    const { value, problem } = await readSecret(source, env)
    if (value === undefined) conditions.push(`server.auth.tokens ${name}: ${problem}`)
    else {
      tokens.push({ name, role, hash: hashOf(value) })
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
  })
  return {
    access,
    credentials,
    oidc,
    failedLogins: createFailedLogins(clock.now),
    publicUrl,
    sessionLifetimeMs: auth.sessionLifetimeMs,
    clock,
    log,
    agentToken,
    conditions,
    flush: credentials.flush,
    close: () => oidc?.close(),
  }
}

async function openOidc(
  spec: ServerSpec['auth']['oidc'],
  conditions: string[],
  effects: OpenLoginOptions['effects'],
): Promise<Oidc | undefined> {
  if (!spec) return undefined
  const secret = spec.clientSecret && (await readSecret(spec.clientSecret, effects.env))
  const problem = secret?.problem === undefined ? undefined : `server.auth.oidc client secret: ${secret.problem}`
  if (problem !== undefined) conditions.push(problem)
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
