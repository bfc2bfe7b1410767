import type { DeviceLoginJson } from '@navarch/api/auth'
import type { Clock } from '@navarch/system/clock'
import * as client from 'openid-client'
import type { Identity } from './access.ts'
import { hashOf } from './hashes.ts'
import { LoginFailure } from './login-failure.ts'
import { createOidcProvider, type OidcUser } from './oidc-provider.ts'
import type { OidcSettings } from './oidc-settings.ts'
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
   * @returns where to send the browser, and what it must bring back in its cookie
   * @throws LoginFailure
   */
  begin(redirectUri: string, returnTo: string): Promise<{ url: string; handle: string }>
  /** Ends it. @param query of the request that came back, with its "?" @throws LoginFailure */
  finish(handle: string | undefined, query: string): Promise<{ user: OidcUser; returnTo: string }>
  /** @throws LoginFailure */
  beginDevice(): Promise<DeviceLoginJson>
  /** Who logged in; undefined as long as nobody has. What is told once is forgotten. @throws LoginFailure */
  pollDevice(deviceLogin: string): Promise<OidcUser | undefined>
  /** Who shows a token of the provider's. Never fails. */
  verifyJwt(token: string): Promise<Identity>
  /** Ends what is under way. */
  close(): void
}

interface PendingLogin {
  verifier: string
  state: string
  nonce: string
  redirectUri: string
  returnTo: string
  expiresAt: number
}

interface PendingDevice {
  outcome: OidcUser | LoginFailure | undefined
  expiresAt: number
  stop: AbortController
}

const loginMs = 10 * 60_000
/** Most logins that are under way at once; the oldest goes first. */
const maxPending = 1_000
const maxDevices = 100

export function createOidc(
  settings: OidcSettings,
  effects: { fetch: typeof globalThis.fetch; clock: Clock; newSecret: () => string },
): Oidc {
  const { clock, newSecret } = effects
  const provider = createOidcProvider(settings, effects)
  const logins = new Map<string, PendingLogin>()
  const devices = new Map<string, PendingDevice>()

  const look = () => void provider.configuration().catch(() => {})
  look()

  function makeRoom(pending: Map<string, { expiresAt: number; stop?: AbortController }>, most: number): void {
    for (const [key, { expiresAt, stop }] of pending) {
      if (pending.size < most && clock.now() < expiresAt) continue
      stop?.abort()
      pending.delete(key)
    }
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
      const [handle, verifier, state, nonce] = [newSecret(), newSecret(), newSecret(), newSecret()]
      const url = client.buildAuthorizationUrl(configuration, {
        redirect_uri: redirectUri,
        scope: settings.scopes.join(' '),
        code_challenge: await client.calculatePKCECodeChallenge(verifier),
        code_challenge_method: 'S256',
        state,
        nonce,
      })
      makeRoom(logins, maxPending)
      const expiresAt = clock.now() + loginMs
      logins.set(hashOf(handle), { verifier, state, nonce, redirectUri, returnTo, expiresAt })
      return { url: url.href, handle }
    },
    async finish(handle, query) {
      const key = handle === undefined ? '' : hashOf(handle)
      const pending = logins.get(key)
      logins.delete(key)
      if (!pending || pending.expiresAt <= clock.now()) {
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
        makeRoom(devices, maxDevices)
        const key = newSecret()
        const expiresAt = clock.now() + answer.expires_in * 1000
        const pending: PendingDevice = { outcome: undefined, expiresAt, stop: new AbortController() }
        devices.set(hashOf(key), pending)
        void follow(configuration, answer, pending)
        return {
          device_login: key,
          user_code: answer.user_code,
          verification_uri: answer.verification_uri,
          verification_uri_complete: answer.verification_uri_complete ?? null,
          expires_in: answer.expires_in,
          interval: answer.interval ?? 5,
        }
      } catch (error) {
        throw provider.failureOf(error)
      }
    },
    async pollDevice(deviceLogin) {
      const key = hashOf(deviceLogin)
      const pending = devices.get(key)
      if (!pending) throw new LoginFailure('expired', 'this login is not known: it ended, or was never begun')
      if (pending.outcome === undefined && clock.now() < pending.expiresAt) return undefined
      devices.delete(key)
      pending.stop.abort()
      if (pending.outcome === undefined) throw new LoginFailure('expired', 'the login was not completed in time')
      if (pending.outcome instanceof LoginFailure) throw pending.outcome
      return pending.outcome
    },
    verifyJwt: createJwtCheck(provider, effects),
    close() {
      for (const { stop } of devices.values()) stop.abort()
    },
  }

  /** Asks the provider, as often as it allows, until the person is done. */
  async function follow(
    configuration: client.Configuration,
    answer: client.DeviceAuthorizationResponse,
    pending: PendingDevice,
  ): Promise<void> {
    try {
      const { signal } = pending.stop
      const tokens = await client.pollDeviceAuthorizationGrant(configuration, answer, undefined, { signal })
      pending.outcome = await provider.userOf(tokens)
    } catch (error) {
      pending.outcome = provider.failureOf(error)
    }
  }
}
