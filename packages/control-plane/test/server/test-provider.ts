import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { exportJWK, generateKeyPair, type JWTPayload, SignJWT } from 'jose'
import Provider, { type Configuration } from 'oidc-provider'

export interface TestProvider {
  issuer: string
  /** A token that the provider could have signed; with another key, one that it could not. */
  sign(claims: JWTPayload, key?: CryptoKey): Promise<string>
  /** Stops answering, as a provider that is away. */
  stop(): Promise<void>
}

/** A person of the provider's. */
export interface Person {
  sub: string
  groups: string[]
}

export const people: Record<string, Person> = {
  ana: { sub: 'ana', groups: ['gpu-operators', 'everybody'] },
  bo: { sub: 'bo', groups: ['everybody'] },
  carl: { sub: 'carl', groups: ['GPU Admins', 'gpu-operators'] },
}

/** A real OpenID Connect provider on loopback. Whoever "logs in" there names themselves, with any password. */
export async function startTestProvider(redirectUri: string): Promise<TestProvider> {
  const server: Server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const { privateKey } = await generateKeyPair('ES256', { extractable: true })
  const jwk = { ...(await exportJWK(privateKey)), kid: 'test', alg: 'ES256', use: 'sig' }
  const configuration: Configuration = {
    jwks: { keys: [jwk] },
    clients: [
      {
        client_id: 'navarch',
        client_secret: 'the-client-secret',
        redirect_uris: [redirectUri],
        grant_types: ['authorization_code', 'urn:ietf:params:oauth:grant-type:device_code'],
        response_types: ['code'],
        id_token_signed_response_alg: 'ES256',
      },
    ],
    claims: { openid: ['sub'], profile: ['preferred_username'], groups: ['groups'] },
    scopes: ['openid', 'profile', 'groups'],
    // As most providers: groups are told in the ID token.
    conformIdTokenClaims: false,
    features: { devInteractions: { enabled: true }, deviceFlow: { enabled: true } },
    findAccount: (_context, id) => ({
      accountId: id,
      claims: () => ({ sub: id, preferred_username: id, groups: people[id]?.groups ?? [] }),
    }),
    pkce: { required: () => true },
    cookies: { keys: ['a key of the test'] },
  }
  const provider = new Provider(issuer, configuration)
  server.on('request', provider.callback())
  return {
    issuer,
    sign: (claims, key = privateKey) =>
      new SignJWT({ iss: issuer, aud: 'navarch', sub: 'ana', ...claims })
        .setProtectedHeader({ alg: 'ES256', kid: 'test' })
        .sign(key),
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

/** A browser with cookies for each host, that follows redirects and fills in the provider's forms. */
export function createBrowser() {
  const jars = new Map<string, Map<string, string>>()

  async function request(url: string, init: RequestInit = {}): Promise<Response> {
    const { origin } = new URL(url)
    const jar = jars.get(origin) ?? new Map<string, string>()
    jars.set(origin, jar)
    const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ')
    const response = await fetch(url, { ...init, redirect: 'manual', headers: { ...init.headers, cookie } })
    for (const line of response.headers.getSetCookie()) {
      const [pair = '', ...attributes] = line.split(';')
      const at = pair.indexOf('=')
      const gone = attributes.some((attribute) => /max-age=0|expires=thu, 01 jan 1970/i.test(attribute))
      if (gone) jar.delete(pair.slice(0, at))
      else jar.set(pair.slice(0, at), pair.slice(at + 1))
    }
    return response
  }

  /** Follows redirects until a page comes that is none. */
  async function open(url: string, init?: RequestInit): Promise<{ url: string; status: number; text: string }> {
    let at = url
    let response = await request(at, init)
    for (let hops = 0; response.status >= 300 && response.status < 400 && hops < 20; hops += 1) {
      at = new URL(response.headers.get('location') ?? '', at).href
      response = await request(at)
    }
    return { url: at, status: response.status, text: await response.text() }
  }

  /** Sends the form of a page with these fields in place of its own. */
  async function submit(page: { url: string; text: string }, fields: Record<string, string>) {
    const action = /<form[^>]*action="([^"]*)"/.exec(page.text)?.[1]?.replaceAll('&amp;', '&') ?? page.url
    const hidden = [...page.text.matchAll(/<input[^>]*type="hidden"[^>]*>/g)].map(([input]): [string, string] => [
      /name="([^"]*)"/.exec(input)?.[1] ?? '',
      /value="([^"]*)"/.exec(input)?.[1] ?? '',
    ])
    const body = new URLSearchParams({ ...Object.fromEntries(hidden), ...fields })
    return open(new URL(action, page.url).href, { method: 'POST', body })
  }

  return { request, open, submit }
}
