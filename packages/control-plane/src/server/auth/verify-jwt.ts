import type { Clock } from '@navarch/system/clock'
import { createRemoteJWKSet, customFetch, errors, type JWTVerifyGetKey, jwtVerify } from 'jose'
import type { Identity, VerifyJwt } from './access.ts'
import { LoginFailure } from './login-failure.ts'
import { clockToleranceSeconds, type OidcProvider } from './oidc-provider.ts'

/** Signatures that only the provider can make: none with a shared secret. */
const algorithms = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519']
const deadlineMs = 8_000
/** How long the provider's keys are used; one that is not known is asked for at once, at most twice a minute. */
const keysMs = 3_600_000
const cooldownMs = 30_000

/** What checks tokens of the provider that programs show: signature, issuer, audience and time. */
export function createJwtCheck(
  provider: OidcProvider,
  { fetch, clock }: { fetch: typeof globalThis.fetch; clock: Clock },
): VerifyJwt {
  const { settings } = provider
  let keys: JWTVerifyGetKey | undefined

  async function keysOf(): Promise<JWTVerifyGetKey> {
    const { jwks_uri: address } = (await provider.configuration()).serverMetadata()
    if (address === undefined) throw new LoginFailure('provider_unavailable', `${settings.name} tells no keys`)
    keys ??= createRemoteJWKSet(new URL(address), {
      timeoutDuration: deadlineMs,
      cooldownDuration: cooldownMs,
      cacheMaxAge: keysMs,
      [customFetch]: (url, options) => fetch(url, options),
    })
    return keys
  }

  return async (token): Promise<Identity> => {
    try {
      const { payload } = await jwtVerify(token, await keysOf(), {
        issuer: settings.issuer,
        audience: settings.audience,
        algorithms,
        requiredClaims: ['exp', 'sub'],
        clockTolerance: clockToleranceSeconds,
        currentDate: new Date(clock.now()),
      })
      const { name, role } = provider.userOfClaims(payload)
      const until = (Number(payload.exp) + clockToleranceSeconds) * 1000
      return { principal: { name, role, via: 'oidc' }, holds: () => clock.now() < until }
    } catch (error) {
      if (error instanceof LoginFailure && error.code === 'no_role') return { problem: error.message }
      if (error instanceof errors.JWTExpired) return { problem: `the token of ${settings.name} has expired` }
      if (error instanceof errors.JWTClaimValidationFailed) {
        return { problem: `the token of ${settings.name} is not for this control plane: ${error.message}` }
      }
      if (isOfToken(error)) return { problem: `the token is not one that ${settings.name} signed` }
      return { problem: `${settings.name} does not answer: its tokens cannot be checked now`, unavailable: true }
    }
  }
}

/** Whether the token itself is wrong, rather than that nobody could tell. */
function isOfToken(error: unknown): boolean {
  return (
    error instanceof errors.JWSSignatureVerificationFailed ||
    error instanceof errors.JWSInvalid ||
    error instanceof errors.JWTInvalid ||
    error instanceof errors.JWKSNoMatchingKey ||
    error instanceof errors.JWKSMultipleMatchingKeys ||
    error instanceof errors.JOSEAlgNotAllowed ||
    error instanceof errors.JOSENotSupported
  )
}
