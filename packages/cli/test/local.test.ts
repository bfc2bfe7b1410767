import { spawnSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { deadAddress, startControlPlaneDouble } from './control-plane-double.ts'
import { node, pool } from './fleet.ts'
import { runCli } from './run-cli.ts'

const good =
  'providers:\n  sim:\n    type: fake\npools:\n  - name: training\n    provider: sim\n    instance_type: h100-8x\n    scaling: {min_nodes: 1, max_nodes: 2}\n'
const bad = good.replace('max_nodes: 2', 'max_nodes: none').replace('instance_type', 'instance_typ')

describe('navarch config', () => {
  it('accepts a good file', async () => {
    const { code, stdout } = await runCli(['config', 'check', 'fleet.yaml'], { files: { 'fleet.yaml': good } })
    expect([code, stdout]).toEqual([0, expect.stringContaining('fleet.yaml')])
  })

  it('tells all errors of a bad one on stderr, with their places, and answers 1', async () => {
    for (const verb of ['check', 'explain']) {
      const { code, stderr } = await runCli(['config', verb, 'fleet.yaml'], { files: { 'fleet.yaml': bad } })
      expect(code).toBe(1)
      expect(stderr).toMatch(/^fleet\.yaml:7:\d+: .*instance_typ/m)
      expect(stderr).toMatch(/^fleet\.yaml:8:\d+: .*max_nodes/m)
    }
  })

  it('explains each value and where it comes from', async () => {
    const files = { 'fleet.yaml': good }
    const { stdout } = await runCli(['config', 'explain', 'fleet.yaml'], { files })
    expect(stdout).toMatch(/^pools\.training\.\S*max_nodes +2 +fleet\.yaml:8$/m)
    const settings = JSON.parse((await runCli(['config', 'explain', 'fleet.yaml', '-o', 'json'], { files })).stdout)
    expect(settings).toContainEqual({ key: expect.stringMatching(/max_nodes$/), value: '2', source: 'fleet.yaml:8' })
  })

  it('warns of secrets of the login and of files of TLS that are not there, in the order of the file', async () => {
    const server = `server:
  external_address: https://navarch.example.com
  tls: {cert_file: /tls/cert.pem, key_file: /tls/key.pem}
  auth:
    tokens: [{name: ops, role: admin, token_env: OPS_TOKEN}]
    oidc:
      issuer: https://id.example.com
      client_id: navarch
      client_secret_file: /oidc.secret
      default_role: viewer
`
    const files = { 'fleet.yaml': `${good}${server}`, '/tls/cert.pem': '' }
    const { code, stderr } = await runCli(['config', 'check', 'fleet.yaml'], { files })
    expect(code).toBe(0)
    const warnings = stderr.split('\n').filter((line) => line.includes('not here') || line.includes('not set here'))
    expect(warnings).toEqual([
      expect.stringMatching(
        /server\.tls\.key_file: the file \/tls\/key\.pem is not here: without it .* does not start/,
      ),
      expect.stringMatching(/token_env: the variable OPS_TOKEN is not set here: without it nobody gets in/),
      expect.stringMatching(/client_secret_file: the file \/oidc\.secret is not here: without it nobody can log in/),
    ])
  })

  it('warns of secrets and volumes that are not there, and accepts the file', async () => {
    const alerts = `alerts:
  receivers:
    - {name: chat, type: slack, url_env: SLACK_URL}
    - {name: pager, type: pagerduty, routing_key_file: /etc/pager.key}
  volumes: [/data, /gone]
`
    const files = { 'fleet.yaml': `${good}${alerts}`, '/data': '' }
    const absent = await runCli(['config', 'check', 'fleet.yaml'], { files })
    expect(absent.code).toBe(0)
    expect(absent.stderr).toMatch(
      /^fleet\.yaml:11:\d+: alerts\.receivers\[0\]\.url_env: .*SLACK_URL is not set here.* \(warning\)$/m,
    )
    expect(absent.stderr).toMatch(/^fleet\.yaml:12:\d+: .*the file \/etc\/pager\.key is not here/m)
    expect(absent.stderr).toMatch(/^fleet\.yaml:13:\d+: alerts\.volumes\[1\]: \/gone is not here/m)
    expect(absent.stderr).not.toContain('/data is not here')
    const there = { env: { SLACK_URL: 'https://x' }, files: { ...files, '/etc/pager.key': 'k', '/gone': '' } }
    expect((await runCli(['config', 'check', 'fleet.yaml'], there)).stderr).toBe('')
  })

  it('answers 1 for a file that is not there', async () => {
    const { code, stderr } = await runCli(['config', 'check', 'absent.yaml'])
    expect([code, stderr]).toEqual([1, expect.stringContaining('absent.yaml')])
  })

  it('prints the JSON Schema', async () => {
    expect(JSON.parse((await runCli(['config', 'schema'])).stdout).title).toBe('navarch-config.yaml')
  })
})

describe('navarch version', () => {
  it('tells both versions', async () => {
    await using double = await startControlPlaneDouble()
    const { code, stdout } = await runCli(['version'], { server: double.url })
    expect(code).toBe(0)
    expect(stdout).toMatch(/0\.1\.0/)
    expect(stdout).toMatch(/9\.9\.9/)
    expect(JSON.parse((await runCli(['version', '-o', 'json'], { server: double.url })).stdout)).toMatchObject({
      client: { version: '0.1.0' },
      server: { version: '9.9.9' },
    })
  })

  it('tells its own when the control plane does not answer', async () => {
    const server = await deadAddress()
    const { code, stdout } = await runCli(['version'], { server })
    expect([code, stdout]).toEqual([4, expect.stringContaining('0.1.0')])
    expect((await runCli(['version', '--client'], { server })).code).toBe(0)
  })
})

describe('help', () => {
  it('has examples and the exit status', async () => {
    const { code, stdout } = await runCli(['--help'])
    expect(code).toBe(0)
    expect(stdout).toContain('Examples:')
    expect(stdout).toMatch(/0 .*1 failed.*2 .*usage.*3 not found.*4 /)
    expect(stdout).not.toContain('__complete')
  })

  it('is there for commands and topics', async () => {
    expect((await runCli(['help', 'pool', 'scale'])).stdout).toContain('--dry-run')
    expect((await runCli(['help', 'settings'])).stdout).toContain('NAVARCH_SERVER')
    expect((await runCli(['help', 'settigns'])).stderr).toContain('settings')
  })
})

describe('completion', () => {
  const shells = { bash: ['bash', '-n'], zsh: ['zsh', '-n'], fish: ['fish', '--no-execute'] } as const

  it.each(Object.keys(shells))('prints a script for %s that names the program', async (shell) => {
    const { code, stdout } = await runCli(['completion', shell])
    expect([code, stdout]).toEqual([0, expect.stringContaining('navarch __complete')])
  })

  for (const [shell, [program, ...flags]] of Object.entries(shells)) {
    const installed = spawnSync(program, ['--version']).status === 0
    it.skipIf(!installed)(
      `is what ${shell} can read${installed ? '' : ` (skipped: ${shell} is not installed)`}`,
      async () => {
        const { stdout } = await runCli(['completion', shell])
        const { status, stderr } = spawnSync(program, flags, { input: stdout, encoding: 'utf8', timeout: 10_000 })
        expect([status, stderr]).toEqual([0, ''])
      },
    )
  }

  it('knows commands, options, values and the names of the fleet', async () => {
    await using double = await startControlPlaneDouble({
      nodes: [node('gpu-node-001'), node('gpu-node-002')],
      pools: [pool('training')],
    })
    const complete = async (...words: string[]) =>
      (await runCli(['__complete', '--', ...words], { server: double.url })).stdout
        .trimEnd()
        .split('\n')
        .map((line) => line.split('\t')[0])
    expect(await complete('po')).toEqual(['pool'])
    expect(await complete('pool', '')).toEqual(expect.arrayContaining(['list', 'get', 'explain', 'scale']))
    expect(await complete('list', '--he')).toEqual(expect.arrayContaining(['--health']))
    expect(await complete('list', '--health', 'un')).toEqual(['unhealthy', 'unknown'])
    expect(await complete('-o', 'j')).toEqual(['json'])
    expect(await complete('drain', 'gpu')).toEqual(['gpu-node-001', 'gpu-node-002'])
    expect(await complete('pool', 'get', '')).toEqual(expect.arrayContaining(['training']))
  })

  it('is silent when the control plane is away', async () => {
    const run = await runCli(['__complete', '--', 'get', ''], { server: await deadAddress() })
    expect([run.code, run.stderr]).toEqual([0, ''])
  })
})
