import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { BootstrapLogJson, NodeJson, PoolJson } from '@navarch/api/rest'
import { createLabContext } from '@navarch/lab/context'
import { destroyLab } from '@navarch/lab/lab'
import { systemClock } from '@navarch/system/clock'
import { runCommand } from '@navarch/system/run-command'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { freePort, rootOrReason } from './lab/pool-on-slurm.ts'
import { type ControlPlaneProcess, root, startControlPlane } from './lab/process.ts'

const fixtures = `${root}/packages/config/fixtures`
let dir: string
let plane: ControlPlaneProcess | undefined
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'navarch-document-'))
})
afterEach(async () => {
  await plane?.kill()
  plane = undefined
  rmSync(dir, { recursive: true })
})

async function start(config: string): Promise<ControlPlaneProcess> {
  // No key for the provider, no SSH key, no Slurm: what a first try looks like.
  plane = await startControlPlane({
    config,
    dataDir: join(dir, 'data'),
    port: await freePort(),
    output: join(dir, 'log'),
    env: { LAMBDA_API_KEY: '' },
  })
  return plane
}

function navarch(...args: string[]): { status: number | null; stdout: string; stderr: string } {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [`${root}/packages/cli/bin/navarch.js`, '--server', plane?.url ?? '', ...args],
    { encoding: 'utf8', timeout: 30_000 },
  )
  return { status, stdout, stderr }
}

async function get<T>(path: string): Promise<T> {
  const response = await fetch(`${plane?.url}${path}`)
  if (!response.ok) throw new Error(`${path}: ${response.status}`)
  return (await response.json()) as T
}

describe("the document's complete configurations, verbatim", () => {
  test.each(['configuration.yaml', 'complete-example.yaml'])('%s starts', async (file) => {
    const { url } = await start(join(fixtures, file))
    expect((await fetch(`${url}/readyz`)).status).toBe(200)
    await expect
      .poll(() => navarch('pool', 'get', 'gpu-partition', '--output', 'json').stdout, { timeout: 30_000 })
      .toContain('LAMBDA_API_KEY')
    const list = navarch('list', '--output', 'json')
    expect(list).toMatchObject({ status: 0, stdout: '[]\n' })
    const pool: PoolJson = JSON.parse(navarch('pool', 'get', 'gpu-partition', '--output', 'json').stdout)
    expect(pool.size).toMatchObject({ min: 4, max: 64, ready: 0, provisioning: 4 })
    expect(pool.conditions.find((condition) => condition.type === 'ProviderReady')).toMatchObject({
      status: 'false',
      reason: 'Unauthorized',
      message: expect.stringMatching(/LAMBDA_API_KEY.*next try in \d+ s/),
    })
    expect((await fetch(`${url}/readyz`)).status).toBe(200)
  })
})

const lab = await rootOrReason('bookworm')
const why = lab.reason ? ` (skipped: ${lab.reason})` : ''

describe.skipIf(!lab.root)(`the document's bootstrap commands, verbatim but for the download's address${why}`, () => {
  const name = `e2e-doc-${process.pid % 10_000}`
  const context = createLabContext({ run: runCommand, clock: systemClock })
  afterEach(() => destroyLab(context, name))

  test('make a host a node', { timeout: 120_000 }, async () => {
    const key = join(dir, 'id')
    await runCommand('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', key], { deadlineMs: 10_000 })
    const document = readFileSync(join(fixtures, 'complete-example.yaml'), 'utf8')
    const commands = /^ {4}setup_commands:\n[\s\S]*?(?=\n\n {4}scaling:)/m.exec(document)?.[0]
    if (!commands) throw new Error('the document has no setup_commands')
    const address = 'https://github.com/NavarchProject/navarch/releases/latest/download/'
    expect(commands).toContain(address)
    const config = join(dir, 'navarch-config.yaml')
    writeFileSync(
      config,
      `
server: {heartbeat_interval: 2s, health_check_interval: 2s, autoscale_interval: 2s}
slurm: {driver: none}
providers:
  lab: {lab: ${name}, suite: bookworm, gpus: 2}
pools:
  - name: gpu-partition
    provider: lab
    ssh_user: ubuntu
    ssh_private_key_path: ${key}
    ssh_keys: [${key}.pub]
    scaling: {min_nodes: 1, max_nodes: 1}
${commands.replace(address, '{{.ControlPlane}}/download/')}
`,
    )
    await start(config)
    await expect
      .poll(async () => (await get<NodeJson[]>('/api/v1/nodes'))[0]?.status, { timeout: 90_000, interval: 500 })
      .toBe('active')
    const [node] = await get<NodeJson[]>('/api/v1/nodes')
    expect(node).toMatchObject({ health: 'healthy', gpu_count: 2, pool: 'gpu-partition' })
    const logs = await get<BootstrapLogJson[]>(`/api/v1/nodes/${node?.id}/bootstrap-logs`)
    expect(logs.at(-1)).toMatchObject({ success: true, error: '' })
    expect(logs.at(-1)?.commands.map((command) => command.exit_code)).not.toContain(1)
    expect(navarch('bootstrap', 'logs', node?.id ?? '').stdout).toContain('systemctl enable navarch-node')
  })
})
