import type { Role } from '@navarch/core/access/role'
import { claimAt, nameOfClaims, roleOfClaims } from '@navarch/core/access/role-of-claims'
import type { Clock } from '@navarch/system/clock'
import * as client from 'openid-client'
import { LoginFailure } from './login-failure.ts'
import type { OidcSettings } from './oidc-settings.ts'

/** Somebody whom the provider knows and who has a role here. */
export interface OidcUser {
  name: string
  role: Role
  subject: string
}

/** The provider: found when it is first needed, and looked for again after it was away. */
export interface OidcProvider {
  readonly settings: OidcSettings
  /** @throws LoginFailure `provider_unavailable` */
  configuration(): Promise<client.Configuration>
  /** Why it cannot be used as far as is known now; undefined when nothing is known against it. */
  problem(): string | undefined
  /** Its configuration, where it was found. */
  known(): client.Configuration | undefined
  /** @throws LoginFailure `no_role` */
  userOf(tokens: client.TokenEndpointResponse & client.TokenEndpointResponseHelpers): Promise<OidcUser>
  /** @throws LoginFailure `no_role` */
  userOfClaims(claims: Readonly<Record<string, unknown>>): OidcUser
  /** Puts what went wrong in a call of the provider into our words. */
  failureOf(error: unknown): LoginFailure
}

/** How far the provider's clock may be from ours: for so long a token is good past its end, s. */
export const clockToleranceSeconds = 30
/** Deadline of every request to the provider, s. */
const deadlineSeconds = 8
/** How long it is left alone after it did not answer, ms. */
const restMs = 5_000

export function createOidcProvider(
  settings: OidcSettings,
  { fetch, clock }: { fetch: typeof globalThis.fetch; clock: Clock },
): OidcProvider {
  let found: client.Configuration | undefined
  let finding: Promise<client.Configuration> | undefined
  let problem: string | undefined
  let notBefore = 0

  async function discover(): Promise<client.Configuration> {
    try {
      const insecure = settings.issuer.startsWith('http://')
      const configuration = await client.discovery(
        new URL(settings.issuer),
        settings.clientId,
        { [client.clockTolerance]: clockToleranceSeconds },
        clientAuthentication(settings.clientSecret),
        {
          timeout: deadlineSeconds,
          [client.customFetch]: (url, options) => fetch(url, options as RequestInit),
          execute: [client.enableNonRepudiationChecks, ...(insecure ? [client.allowInsecureRequests] : [])],
        },
      )
      problem = undefined
      found = configuration
      return configuration
    } catch (error) {
      problem = `${settings.name} (${settings.issuer}) does not answer as it must: ${reasonOf(error)}`
      notBefore = clock.now() + restMs
      throw new LoginFailure('provider_unavailable', problem, { cause: error })
    }
  }

  function userOfClaims(claims: Readonly<Record<string, unknown>>): OidcUser {
    const name = nameOfClaims(claims, settings.usernameClaim)
    const role = roleOfClaims(claims, settings.roles)
    if (role === undefined) {
      const message = `${name} is in no group that has a role here: map one of the groups of the claim ${settings.roles.roleClaim} in server.auth.oidc.role_mapping`
      throw new LoginFailure('no_role', message)
    }
    return { name, role, subject: String(claims['sub']) }
  }

  return {
    settings,
    known: () => found,
    problem: () => settings.problem ?? (found ? undefined : problem),
    async configuration() {
      if (settings.problem !== undefined) throw new LoginFailure('provider_unavailable', settings.problem)
      if (found) return found
      if (problem !== undefined && clock.now() < notBefore) throw new LoginFailure('provider_unavailable', problem)
      finding ??= discover().finally(() => {
        finding = undefined
      })
      return finding
    },
    userOfClaims,
    async userOf(tokens) {
      const claims = tokens.claims()
      if (!claims) throw new LoginFailure('failed', 'the provider sent no ID token: its scopes must have "openid"')
      const complete =
        claimAt(claims, settings.roles.roleClaim) !== undefined && claimAt(claims, settings.usernameClaim) !== undefined
      const configuration = found
      if (complete || !configuration?.serverMetadata().userinfo_endpoint) return userOfClaims(claims)
      // Many providers tell groups there alone.
      const more = await client.fetchUserInfo(configuration, tokens.access_token, claims.sub)
      return userOfClaims({ ...more, ...claims })
    },
    failureOf(error) {
      if (error instanceof LoginFailure) return error
      if (error instanceof client.AuthorizationResponseError) {
        return new LoginFailure('denied', `the provider refused: ${error.error_description ?? error.error}`)
      }
      if (error instanceof client.ResponseBodyError && error.error === 'access_denied') {
        return new LoginFailure('denied', 'the login was refused')
      }
      if (error instanceof client.ResponseBodyError && error.error === 'expired_token') {
        return new LoginFailure('expired', 'the login was not completed in time')
      }
      const message = reasonOf(error)
      if (isAway(error)) return new LoginFailure('provider_unavailable', `${settings.name} does not answer: ${message}`)
      return new LoginFailure('failed', `the answer of ${settings.name} is not as it must be: ${message}`, {
        cause: error,
      })
    },
  }
}

/** The way that the provider takes; "basic" is what holds where it says nothing (OpenID Connect Discovery 1.0, section 3). */
function clientAuthentication(secret: string | undefined): client.ClientAuth {
  if (secret === undefined) return client.None()
  const basic = client.ClientSecretBasic(secret)
  const post = client.ClientSecretPost(secret)
  return (server, metadata, body, headers) => {
    const methods = server.token_endpoint_auth_methods_supported ?? ['client_secret_basic']
    const chosen = methods.includes('client_secret_basic') || !methods.includes('client_secret_post') ? basic : post
    chosen(server, metadata, body, headers)
  }
}

function isAway(error: unknown): boolean {
  for (let cause: unknown = error; cause instanceof Error; cause = cause.cause) {
    if (cause.name === 'TimeoutError' || cause.name === 'AbortError') return true
    if ('code' in cause && /^(E[A-Z]+|OAUTH_TIMEOUT|UND_ERR_\w+)$/.test(String(cause.code))) return true
  }
  return false
}

/** The innermost reason of an error, without the address's secrets. */
function reasonOf(error: unknown): string {
  const parts: string[] = []
  for (let cause: unknown = error; cause instanceof Error; cause = cause.cause) {
    const code = 'code' in cause && typeof cause.code === 'string' ? ` (${cause.code})` : ''
    parts.push(`${cause.message}${code}`)
  }
  return [...new Set(parts)].join(': ').slice(0, 500) || String(error)
}
