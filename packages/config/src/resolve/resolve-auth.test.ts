import { describe, expect, it } from 'vitest'
import { parseConfig } from '../parse-config.ts'
import { formatProblem } from '../problem.ts'

const parse = (text: string) => parseConfig(text, { file: '/etc/navarch/c.yaml' })

function serverOf(text: string) {
  const { config, errors } = parse(text)
  if (!config) throw new Error(errors?.map(formatProblem).join('\n'))
  return config.server
}

const errorsOf = (text: string) => (parse(text).errors ?? []).map(formatProblem)
function warningsOf(text: string): string[] {
  const parsed = parse(text)
  return parsed.errors ? [] : parsed.warnings.map(formatProblem)
}

const oidc = (more: string) => `server:
  external_address: https://navarch.example
  auth:
    oidc:
      issuer: https://sso.example
      client_id: navarch
${more}`

describe('server.trusted_proxies', () => {
  it('are networks or addresses', () => {
    expect(serverOf('server: {trusted_proxies: [10.0.0.0/8, "::1"]}').trustedProxies).toEqual([
      { address: '10.0.0.0', family: 'ipv4', prefix: 8 },
      { address: '::1', family: 'ipv6', prefix: 128 },
    ])
    expect(serverOf('server: {trusted_proxies: []}').trustedProxies).toBeUndefined()
  })

  it('are refused where one is neither', () => {
    expect(errorsOf('server: {trusted_proxies: [proxy.example]}')).toEqual([
      expect.stringContaining('must be an IP address or a network such as 10.0.0.0/8, not "proxy.example"'),
    ])
  })
})

describe('server.auth', () => {
  it('names tokens by where they are, never by what they are', () => {
    const text = `server:
  auth:
    tokens:
      - {name: ci, role: operator, token_env: CI_TOKEN}
      - {name: nodes, role: agent, token_file: secrets/agents}
`
    expect(serverOf(text).auth.tokens).toEqual([
      { name: 'ci', role: 'operator', source: { env: 'CI_TOKEN' } },
      { name: 'nodes', role: 'agent', source: { file: '/etc/navarch/secrets/agents' } },
    ])
  })

  it('has a provider with the usual claims, reached back at the external address', () => {
    const { auth } = serverOf(oidc('      role_mapping: {GPU Admins: admin, "https://x/y": viewer}\n'))
    expect(auth.oidc).toEqual({
      name: 'single sign-on',
      issuer: 'https://sso.example',
      clientId: 'navarch',
      scopes: ['openid', 'profile', 'email'],
      roleClaim: 'groups',
      roleMapping: { 'GPU Admins': 'admin', 'https://x/y': 'viewer' },
      usernameClaim: 'preferred_username',
      redirectBase: 'https://navarch.example',
      audience: 'navarch',
    })
  })

  it('asks for openid whatever else it asks for', () => {
    const { auth } = serverOf(oidc('      scopes: [groups]\n      default_role: viewer\n'))
    expect(auth.oidc?.scopes).toEqual(['openid', 'groups'])
  })

  it.each([
    ['server: {auth: {tokens: [{name: ci, role: operator}]}}', 'server.auth.tokens[0]: needs token_env or token_file'],
    [
      'server: {auth: {tokens: [{name: ci, role: operator, token_env: A, token_file: b}]}}',
      'token_env and token_file are two ways: keep one',
    ],
    [
      'server: {auth: {tokens: [{name: ci, role: owner, token_env: A}]}}',
      'server.auth.tokens[0].role: must be one of viewer, operator, admin, agent, not "owner"',
    ],
    [
      'server: {auth: {tokens: [{name: ci, role: viewer, token_env: A}, {name: ci, role: admin, token_env: B}]}}',
      '"ci" is the name of another token, on line 1: names are unique',
    ],
    [oidc(''), 'needs role_mapping or default_role: nobody would have a role'],
    [oidc('      role_mapping: {admins: agent}\n'), 'must be one of viewer, operator, admin, not "agent"'],
    ['server: {auth: {oidc: {client_id: navarch, default_role: viewer}}}', 'server.auth.oidc.issuer: is missing'],
    ['server: {auth: {session_idle: 1s}}', 'at least 1m'],
  ])('refuses %s', (text, message) => {
    expect(errorsOf(text)).toEqual([expect.stringContaining(message)])
  })

  it('never shows a token that was written where its variable belongs', () => {
    expect(errorsOf('server: {auth: {tokens: [{name: ci, role: admin, token_env: "s3cret!"}]}}').join()).not.toContain(
      's3cret',
    )
  })

  it('warns of a provider that is not encrypted', () => {
    const text = oidc('      default_role: viewer\n').replace('https://sso.example', 'http://sso.example')
    expect(warningsOf(text)).toContainEqual(expect.stringContaining('is not encrypted'))
  })
})

describe('server.tls', () => {
  it('has files relative to the configuration, and safe versions', () => {
    const text =
      'server: {external_address: "https://a:1", tls: {cert_file: tls.crt, key_file: /run/tls.key, min_version: TLSv1.3}}'
    expect(serverOf(text).tls).toEqual({
      certFile: '/etc/navarch/tls.crt',
      keyFile: '/run/tls.key',
      minVersion: 'TLSv1.3',
      hstsMs: 0,
    })
  })

  it('needs both files, and knows no version that is broken', () => {
    expect(errorsOf('server: {tls: {cert_file: a}}')).toEqual([
      expect.stringContaining('server.tls.key_file: is missing'),
    ])
    expect(errorsOf('server: {tls: {cert_file: a, key_file: b, min_version: TLSv1.0}}')).toEqual([
      expect.stringContaining('must be one of TLSv1.2, TLSv1.3'),
    ])
  })

  it('warns where nodes would be told an address that certificates seldom have', () => {
    expect(warningsOf('server: {tls: {cert_file: a, key_file: b}}')).toContainEqual(
      expect.stringContaining('give server.external_address'),
    )
  })
})

describe('the mode of a pool', () => {
  const pool = (more: string) => `pools: {a: {provider: fake, instance_type: x, max_nodes: 1${more}}}`

  it('is act, unless it is said', () => {
    expect(parse(pool('')).config?.pools[0]).toMatchObject({ mode: 'act', rejectCooldownMs: 3_600_000 })
    const careful = pool(', mode: recommend, reject_cooldown: 24h')
    expect(parse(careful).config?.pools[0]).toMatchObject({ mode: 'recommend', rejectCooldownMs: 86_400_000 })
  })

  it('is one of three', () => {
    expect(errorsOf(pool(', mode: dry-run'))).toEqual([
      expect.stringContaining('must be one of observe, recommend, act, not "dry-run"'),
    ])
  })
})
