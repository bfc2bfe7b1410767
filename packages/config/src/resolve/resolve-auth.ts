import { authKeys, oidcKeys, staticTokenKeys } from '../keys/auth-keys.ts'
import type { AuthSpec, OidcSpec, SecretSource, StaticTokenSpec } from '../navarch-config.ts'
import type { Given, ObjectValue } from '../schema/schema.ts'
import { type PathBase, resolveGivenPath } from './file-path.ts'
import type { Resolver } from './settings.ts'

/** Effective settings of who may do what. */
export function resolveAuth(
  auth: ObjectValue<typeof authKeys> | undefined,
  externalAddress: string | undefined,
  base: PathBase,
  resolver: Resolver,
): AuthSpec {
  const given = auth?.given ?? {}
  const pick = resolver.pick
  const tokens = given.tokens?.value ?? []
  const names = new Map<string, number>()
  const specs = tokens.flatMap((token): StaticTokenSpec[] => {
    const { name, role } = token.given
    if (name) {
      const first = names.get(name.value)
      if (first !== undefined) {
        const rule = `"${name.value}" is the name of another token, on line ${first}: names are unique`
        resolver.reader.error(name.place, name.path, rule)
      } else names.set(name.value, name.place.line)
    }
    const at = name ? `server.auth.tokens.${name.value}` : token.path
    pick(`${at}.role`, staticTokenKeys.role, [role])
    const source = resolveSecret(
      at,
      { name: 'token', env: token.given.token_env, file: token.given.token_file, without: 'nobody gets in with it' },
      base,
      resolver,
    )
    if (!source && token.intact) resolver.reader.error(token.place, token.path, 'needs token_env or token_file')
    return name && role && source ? [{ name: name.value, role: role.value, source }] : []
  })
  const oidc = resolveOidc(given.oidc?.value, externalAddress, base, resolver)
  const sessionIdleMs = pick('server.auth.session_idle', authKeys.session_idle, [given.session_idle])
  const sessionLifetimeMs = pick('server.auth.session_lifetime', authKeys.session_lifetime, [given.session_lifetime])
  return {
    tokens: specs,
    ...(oidc && { oidc }),
    protectJobs: pick('server.auth.protect_jobs', authKeys.protect_jobs, [given.protect_jobs]),
    sessionIdleMs: Math.min(sessionIdleMs, sessionLifetimeMs),
    sessionLifetimeMs,
    allowHttp: pick('server.auth.allow_http', authKeys.allow_http, [given.allow_http]),
  }
}

function resolveOidc(
  section: ObjectValue<typeof oidcKeys> | undefined,
  externalAddress: string | undefined,
  base: PathBase,
  resolver: Resolver,
): OidcSpec | undefined {
  if (!section) return undefined
  const { given } = section
  const at = 'server.auth.oidc'
  const { pick, reader } = resolver
  const issuer = pick(`${at}.issuer`, oidcKeys.issuer, [given.issuer])
  const clientId = pick(`${at}.client_id`, oidcKeys.client_id, [given.client_id])
  const clientSecret = resolveSecret(
    at,
    {
      name: 'client_secret',
      env: given.client_secret_env,
      file: given.client_secret_file,
      without: 'nobody can log in by this provider',
    },
    base,
    resolver,
  )
  const defaultRole = pick(`${at}.default_role`, oidcKeys.default_role, [given.default_role])
  const redirectBase = pick(`${at}.redirect_base`, oidcKeys.redirect_base, [given.redirect_base]) ?? externalAddress
  const roleMapping = pick(`${at}.role_mapping`, oidcKeys.role_mapping, [given.role_mapping])
  const scopes = pick(`${at}.scopes`, oidcKeys.scopes, [given.scopes])
  const settings = {
    name: pick(`${at}.name`, oidcKeys.name, [given.name]),
    scopes: scopes.includes('openid') ? scopes : ['openid', ...scopes],
    roleClaim: pick(`${at}.role_claim`, oidcKeys.role_claim, [given.role_claim]),
    roleMapping,
    usernameClaim: pick(`${at}.username_claim`, oidcKeys.username_claim, [given.username_claim]),
    audience: pick(`${at}.audience`, oidcKeys.audience, [given.audience]) ?? clientId ?? '',
  }
  if (Object.keys(roleMapping).length === 0 && defaultRole === undefined && section.intact) {
    reader.error(section.place, section.path, 'needs role_mapping or default_role: nobody would have a role')
  }
  if (issuer?.startsWith('http://') && given.issuer && !isLocal(issuer)) {
    reader.warn(given.issuer.place, given.issuer.path, 'is not encrypted: whoever is on the way can log in as anybody')
  }
  if (issuer === undefined || clientId === undefined) return undefined
  return {
    ...settings,
    issuer,
    clientId,
    ...(clientSecret && { clientSecret }),
    ...(defaultRole !== undefined && { defaultRole }),
    ...(redirectBase !== undefined && { redirectBase }),
  }
}

interface SecretKeys {
  name: string
  env: Given<string> | undefined
  file: Given<string> | undefined
  /** How things are where it is not there. */
  without: string
}

/** Where a secret comes from: a variable or a file, not both. */
function resolveSecret(
  at: string,
  { name, env, file, without }: SecretKeys,
  base: PathBase,
  { reader, note, file: configFile, outside }: Resolver,
): SecretSource | undefined {
  if (env && file) reader.error(file.place, file.path, `${name}_env and ${name}_file are two ways: keep one`)
  const path = resolveGivenPath(file, base, reader)
  if (env) note(`${at}.${name}_env`, env.value, `${configFile}:${env.place.line}`)
  if (path) note(`${at}.${name}_file`, path.value, `${configFile}:${path.place.line}`)
  if (env) {
    outside.push({ kind: 'variable', name: env.value, key: env.path, ...env.place, without })
    return { env: env.value }
  }
  if (!path) return undefined
  outside.push({ kind: 'file', name: path.value, key: path.path, ...path.place, without })
  return { file: path.value }
}

function isLocal(url: string): boolean {
  return /^https?:\/\/(localhost|127(\.\d+){3}|\[::1\])(:|\/|$)/i.test(url)
}
