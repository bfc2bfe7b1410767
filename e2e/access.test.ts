import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ApiTokenJson } from '@navarch/api/auth'
import type { NodeJson, OperationJson, PoolJson } from '@navarch/api/rest'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createAuthority } from '../packages/control-plane/test/server/certificates.ts'
import { freePort } from './lab/pool-on-slurm.ts'
import { type ControlPlaneProcess, root, startControlPlane } from './lab/process.ts'

/** Whole programs over TLS: control plane, command line and agent, each with its own token. */

const authority = createAuthority()
const tokens = {
  admin: 'the-admin-token',
  viewer: 'the-viewer-token',
  operator: 'the-operator-token',
  agent: 'the-agent-token',
}
let dir: string
let plane: ControlPlaneProcess
let server: string
const children: ChildProcess[] = []

async function start(): Promise<void> {
  const port = plane ? Number(new URL(plane.url).port) : await freePort()
  plane = await startControlPlane({
    config: join(dir, 'navarch-config.yaml'),
    dataDir: join(dir, 'data'),
    port,
    output: join(dir, 'log'),
    env: {
      NAVARCH_AUTH_TOKEN: tokens.admin,
      VIEWER_TOKEN: tokens.viewer,
      OPERATOR_TOKEN: tokens.operator,
      SLURM_CONF: '/nowhere',
    },
  })
  server = `https://localhost:${port}`
}

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'navarch-access-'))
  const { certFile, keyFile } = authority.issue('server', 1)
  writeFileSync(join(dir, 'agent-token'), `${tokens.agent}\n`)
  mkdirSync(join(dir, 'home'))
  writeFileSync(
    join(dir, 'navarch-config.yaml'),
    `server:
  jobs_address: none
  autoscale_interval: 1s
  tls:
    cert_file: ${certFile}
    key_file: ${keyFile}
  auth:
    tokens:
      - {name: grafana, role: viewer, token_env: VIEWER_TOKEN}
      - {name: on-call, role: operator, token_env: OPERATOR_TOKEN}
      - {name: nodes, role: agent, token_file: agent-token}
slurm:
  driver: none
pools:
  careful:
    provider: fake
    instance_type: h100
    min_nodes: 2
    max_nodes: 2
    mode: recommend
    bootstrap: none
`,
  )
  await start()
})
afterAll(async () => {
  for (const child of children) {
    if (child.exitCode !== null) continue
    child.kill()
    await once(child, 'exit')
  }
  await plane?.kill()
  rmSync(dir, { recursive: true })
})

function navarch(token: string | undefined, args: readonly string[], input = '') {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [
      `${root}/packages/cli/bin/navarch.js`,
      ...(token === undefined ? [] : ['--server', server, '--tls-ca', authority.caFile, '--auth-token', token]),
      ...args,
    ],
    {
      encoding: 'utf8',
      timeout: 30_000,
      input,
      env: {
        PATH: process.env['PATH'],
        HOME: join(dir, 'home'),
        NAVARCH_TLS_CA: token === undefined ? authority.caFile : '',
      },
    },
  )
  return { status, stdout, stderr }
}

function json<T>(token: string | undefined, ...args: string[]): T {
  const { status, stdout, stderr } = navarch(token, [...args, '-o', 'json'])
  if (status !== 0) throw new Error(`navarch ${args.join(' ')}: ${status} ${stderr}`)
  return JSON.parse(stdout) as T
}

const proposals = () =>
  json<OperationJson[]>(tokens.viewer, 'operation', 'list').filter(({ state }) => state === 'waiting_for_approval')

describe('the command line over TLS', () => {
  it('checks whom it speaks to', () => {
    const mistrusting = spawnSync(
      process.execPath,
      [`${root}/packages/cli/bin/navarch.js`, '--server', server, '--auth-token', tokens.viewer, 'pool', 'list'],
      { encoding: 'utf8', timeout: 30_000 },
    )
    expect(mistrusting.status).toBe(4)
    expect(mistrusting.stderr).toContain('--tls-ca')
    expect(navarch(tokens.viewer, ['pool', 'list']).status).toBe(0)
  })

  it('does what the role of its token may, and says who may more', () => {
    expect(navarch('wrong', ['pool', 'list'])).toMatchObject({ status: 1, stderr: expect.stringContaining('token') })
    const refused = navarch(tokens.viewer, ['pool', 'scale', 'careful', '--nodes', '2'])
    expect(refused).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('grafana is a viewer: this needs the role operator or admin'),
    })
    expect(navarch(tokens.operator, ['token', 'list']).stderr).toContain('this needs the role admin')
    expect(navarch(tokens.agent, ['pool', 'list']).stderr).toContain('nodes is an agent')
  })

  it('says of a token of the configuration where it is revoked', () => {
    const refused = navarch(tokens.admin, ['token', 'revoke', 'grafana'])
    expect(refused).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('server.auth.tokens (token_env: VIEWER_TOKEN)'),
    })
  })

  it('logs in with a token that it was given, and keeps it where nobody else reads it', () => {
    const made = navarch(tokens.admin, ['token', 'create', '--name', 'ana', '--role', 'operator', '--expires', '90d'])
    expect(made.stdout).toMatch(/^nvt_[0-9a-f]{12}_[\w-]{43}\n$/)
    const login = navarch(undefined, ['--server', server, 'login', '--with-token'], made.stdout)
    expect(login).toMatchObject({ status: 0, stdout: expect.stringContaining('as ana (operator)') })
    const file = join(dir, 'home/.config/navarch/client.yaml')
    expect(statSync(file).mode & 0o777).toBe(0o600)
    expect(readFileSync(file, 'utf8')).toContain(made.stdout.trim())
    // From now on no flag is needed.
    expect(json<PoolJson[]>(undefined, 'pool', 'list')).toMatchObject([{ name: 'careful', mode: 'recommend' }])
    const [token] = json<ApiTokenJson[]>(tokens.admin, 'token', 'list')
    expect(token).toMatchObject({ name: 'ana', role: 'operator', created_by: 'the configured token', state: 'active' })
  })
})

describe("an agent with an agent's token over TLS", () => {
  it('registers and reports', async () => {
    const child = spawn(
      process.execPath,
      [
        `${root}/packages/agent/bin/navarch-node.js`,
        ...['--server', server, '--tls-ca', authority.caFile, '--node-id', 'gpu-1', '--pool', 'careful'],
        ...['--state-dir', join(dir, 'agent'), '--hooks-dir', 'none', '--run-dir', 'none', '--kernel-log', '/dev/null'],
      ],
      { env: { PATH: process.env['PATH'], NAVARCH_AUTH_TOKEN: tokens.agent, NAVARCH_FAKE_GPU: '1' }, stdio: 'ignore' },
    )
    children.push(child)
    await expect
      .poll(() => json<NodeJson[]>(tokens.viewer, 'list'), { timeout: 30_000, interval: 500 })
      .toMatchObject([{ id: 'gpu-1', health: 'healthy', gpu_count: 8 }])
  })
})

describe('a pool that recommends', () => {
  it('waits for an operator, knows who decided, and does not ask again for what was rejected', async () => {
    await expect.poll(proposals, { timeout: 20_000, interval: 500 }).toMatchObject([{ kind: 'provision' }])
    const [proposal] = proposals()
    const id = proposal?.id ?? ''
    expect(navarch(tokens.viewer, ['operation', 'approve', id]).status).toBe(1)
    // The one who logged in above.
    const rejected = navarch(undefined, ['operation', 'reject', id, '--reason', 'no budget'])
    expect(rejected).toMatchObject({ status: 0, stdout: expect.stringContaining('rejected') })
    expect(json<OperationJson>(tokens.viewer, 'operation', 'get', id)).toMatchObject({
      state: 'cancelled',
      approval: { state: 'rejected', by: 'ana', reason: 'no budget' },
    })
    const pool = json<PoolJson>(tokens.viewer, 'pool', 'get', 'careful')
    expect(pool.conditions).toContainEqual(expect.objectContaining({ type: 'Mode', reason: 'Recommend' }))
  })

  it('remembers all of it, and who may what, over kill -9', async () => {
    await plane.kill()
    await start()
    await new Promise((resolve) => setTimeout(resolve, 3_000))
    expect(proposals()).toEqual([])
    expect(json<PoolJson[]>(undefined, 'pool', 'list')).toHaveLength(1)
    expect(navarch(tokens.admin, ['token', 'revoke', 'ana']).status).toBe(0)
    expect(navarch(undefined, ['pool', 'list'])).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('the token ana was revoked'),
    })
    expect(navarch(undefined, ['logout'])).toMatchObject({
      status: 0,
      stdout: expect.stringContaining(`Logged out at ${server}`),
    })
    expect(readFileSync(join(dir, 'home/.config/navarch/client.yaml'), 'utf8')).toBe(`server: ${server}\n`)
  })
})
