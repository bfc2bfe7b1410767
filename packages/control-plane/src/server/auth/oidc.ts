import type { DeviceLoginJson } from '@navarch/api/auth'
import type { Clock } from '@navarch/system/clock'
import * as client from 'openid-client'
import type { Identity } from './access.ts'
import { hashOf } from './hashes.ts'
import { LoginFailure } from './login-failure.ts'
import { createOidcProvider, type OidcUser } from './oidc-provider.ts'
import type { OidcSettings } from './oidc-settings.ts'
import { createSeal } from './seal.ts'
import { createJwtCheck } from './verify-jwt.ts'

/** Logins by an identity provider: OpenID Connect, code flow with PKCE, and the device flow for the command line. */
export interface Oidc {
  readonly name: string
  readonly issuer: string
  problem(): string | undefined
  /** Whether the provider has the device flow; undefined while it was not found. */
  device(): boolean | undefined
  /**
   * Begins a browser's login.
   * @param redirectUri where the provider sends the browser back to
   * @param returnTo where it goes then
   * @returns where to send the browser, and what it must bring back in its cookie, which is sealed
   * @throws LoginFailure
   */
  begin(redirectUri: string, returnTo: string): Promise<{ url: string; cookie: string }>
  /** Ends it. @param query of the request that came back, with its "?" @throws LoginFailure */
  finish(cookie: string | undefined, query: string): Promise<{ user: OidcUser; returnTo: string }>
  /** @throws LoginFailure */
  beginDevice(): Promise<DeviceLoginJson>
  /** Who logged in, once; as long as nobody has, seconds until it is worth asking again. @throws LoginFailure */
  pollDevice(deviceLogin: string): Promise<{ user: OidcUser } | { interval: number }>
  /** Who shows a token of the provider's. Never fails. */
  verifyJwt(token: string): Promise<Identity>
}

interface PendingLogin {
  verifier: string
  state: string
  nonce: string
  redirectUri: string
  returnTo: string
}

interface PendingDevice {
  code: string
  /** Seconds between two questions to the provider. */
  interval: number
}

/** How long a browser's login may take, ms. */
export const loginMs = 10 * 60_000
const deviceGrant = 'urn:ietf:params:oauth:grant-type:device_code'
/** Seconds between two questions where the provider names none, and what it wants besides when it says "slow down" (RFC 8628). */
const paceSeconds = 5
/** Logins on other devices whose pace is remembered; the oldest goes first, and may be asked for too soon. */
const maxPaces = 1_000

export function createOidc(
  settings: OidcSettings,
  effects: { fetch: typeof globalThis.fetch; clock: Clock; newSecret: () => string },
): Oidc {
  const { clock, newSecret } = effects
  const provider = createOidcProvider(settings, effects)
  const logins = createSeal<PendingLogin>(effects)
  const devices = createSeal<PendingDevice>(effects)
  /** How often the provider may be asked, and when again, by login on another device. */
  const paces = new Map<string, { seconds: number; nextAt: number }>()

  const look = () => void provider.configuration().catch(() => {})
  look()

  function setPace(key: string, seconds: number): { interval: number } {
    paces.delete(key)
    paces.set(key, { seconds, nextAt: clock.now() + seconds * 1000 })
    const [oldest] = paces.keys()
    if (paces.size > maxPaces && oldest !== undefined) paces.delete(oldest)
    return { interval: seconds }
  }

  return {
    name: settings.name,
    issuer: settings.issuer,
    problem() {
      // Whoever asks is about to need it.
      if (!provider.known()) look()
      return provider.problem()
    },
    device() {
      const known = provider.known()
      return known && known.serverMetadata().device_authorization_endpoint !== undefined
    },
    async begin(redirectUri, returnTo) {
      const configuration = await provider.configuration()
      const [verifier, state, nonce] = [newSecret(), newSecret(), newSecret()]
      const url = client.buildAuthorizationUrl(configuration, {
        redirect_uri: redirectUri,
        scope: settings.scopes.join(' '),
        code_challenge: await client.calculatePKCECodeChallenge(verifier),
        code_challenge_method: 'S256',
        state,
        nonce,
      })
      return { url: url.href, cookie: logins.close({ verifier, state, nonce, redirectUri, returnTo }, loginMs) }
    },
    async finish(cookie, query) {
      const pending = cookie === undefined ? undefined : logins.open(cookie)
      if (!pending) {
        throw new LoginFailure('expired', 'the login took too long, or was begun in another browser')
      }
      try {
        const configuration = await provider.configuration()
        const tokens = await client.authorizationCodeGrant(configuration, new URL(query, pending.redirectUri), {
          pkceCodeVerifier: pending.verifier,
          expectedState: pending.state,
          expectedNonce: pending.nonce,
          idTokenExpected: true,
        })
        return { user: await provider.userOf(tokens), returnTo: pending.returnTo }
      } catch (error) {
        throw provider.failureOf(error)
      }
    },
    async beginDevice() {
      const configuration = await provider.configuration()
      if (configuration.serverMetadata().device_authorization_endpoint === undefined) {
        throw new LoginFailure('failed', `${settings.name} has no login on another device: log in with a token`)
      }
      try {
        const answer = await client.initiateDeviceAuthorization(configuration, { scope: settings.scopes.join(' ') })
        const interval = answer.interval ?? paceSeconds
        return {
          device_login: devices.close({ code: answer.device_code, interval }, answer.expires_in * 1000),
          user_code: answer.user_code,
          verification_uri: answer.verification_uri,
          verification_uri_complete: answer.verification_uri_complete ?? null,
          expires_in: answer.expires_in,
          interval,
        }
      } catch (error) {
        throw provider.failureOf(error)
      }
    },
    async pollDevice(deviceLogin) {
      const pending = devices.open(deviceLogin)
      if (!pending) throw new LoginFailure('expired', 'this login is not known: it took too long, or was never begun')
      const key = hashOf(pending.code)
      const { seconds, nextAt } = paces.get(key) ?? { seconds: pending.interval, nextAt: 0 }
      // The provider counts who asks too often, and all who log in here are one to it.
      if (clock.now() < nextAt) return { interval: seconds }
      setPace(key, seconds)
      let granted = false
      try {
        const configuration = await provider.configuration()
        const tokens = await client.genericGrantRequest(configuration, deviceGrant, { device_code: pending.code })
        granted = true
        return { user: await provider.userOf(tokens) }
      } catch (error) {
        const said = error instanceof client.ResponseBodyError ? error.error : undefined
        if (said === 'authorization_pending') return { interval: seconds }
        if (said === 'slow_down') return setPace(key, seconds + paceSeconds)
        const failure = provider.failureOf(error)
        // One answer that did not come ends no login: it is asked for again, more slowly (RFC 8628, 3.5). A grant comes once.
        if (failure.code === 'provider_unavailable' && !granted) return setPace(key, seconds * 2)
        throw failure
      }
    },
    verifyJwt: createJwtCheck(provider, effects),
  }
}
