import { spawn, spawnSync } from 'node:child_process'
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type ControlPlaneDouble, deadAddress, startControlPlaneDouble } from './control-plane-double.ts'
import { ago, node, xid79 } from './fleet.ts'

const launcher = fileURLToPath(new URL('../bin/navarch.js', import.meta.url))
const script = (name: string) => fileURLToPath(new URL(`../fixtures/${name}.sh`, import.meta.url))
const hasJq = spawnSync('jq', ['--version']).status === 0

let double: ControlPlaneDouble
let folder: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'navarch-cli-'))
  await mkdir(join(folder, 'bin'))
  await program('navarch', `exec '${process.execPath}' '${launcher}' "$@"`)
  double = await startControlPlaneDouble({
    nodes: [
      node('gpu-node-001'),
      node('gpu-node-002', { health: 'unhealthy', health_events: [xid79(ago(30))] }),
      node('gpu-node-003', { health: 'unhealthy' }),
    ],
  })
})
afterEach(async () => {
  await double[Symbol.asyncDispose]()
  await rm(folder, { recursive: true })
})

/** Puts a program before all others in PATH. */
async function program(name: string, body: string): Promise<void> {
  const path = join(folder, 'bin', name)
  await writeFile(path, `#!/bin/bash\n${body}\n`)
  await chmod(path, 0o755)
}

function run(command: string, ...args: string[]): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const env = {
    ...process.env,
    PATH: `${join(folder, 'bin')}:${process.env['PATH']}`,
    NAVARCH_SERVER: double.url,
    HOME: folder,
  }
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] })
    const output = { stdout: '', stderr: '' }
    for (const stream of ['stdout', 'stderr'] as const)
      child[stream].on('data', (chunk) => (output[stream] += String(chunk)))
    // The whole group: a script's own programs must not outlive a test that fails.
    const deadline = setTimeout(() => child.pid && process.kill(-child.pid, 'SIGKILL'), 15_000)
    child.on('error', reject)
    child.on('close', (code) => {
      clearTimeout(deadline)
      resolve({ code, ...output })
    })
  })
}

describe('the program as a process', () => {
  it('prints the fleet and ends by itself', async () => {
    expect(await run('navarch', 'list', '-o', 'json')).toEqual({
      code: 0,
      stdout: `${JSON.stringify(double.state.nodes, undefined, 2)}\n`,
      stderr: '',
    })
  })

  it('answers with its exit status', async () => {
    expect((await run('navarch', 'get', 'nobody')).code).toBe(3)
    expect((await run('navarch', 'gte')).code).toBe(2)
    expect((await run('navarch', 'list', '-s', await deadAddress())).code).toBe(4)
  })

  it('ends quietly when its reader has seen enough', async () => {
    const done = run('bash', '-c', 'navarch list --watch -o json | head -n 1')
    let turn = 0
    const changes = setInterval(() => {
      double.state.nodes = [node(`gpu-node-${++turn}`)]
    }, 50)
    const { stdout, stderr } = await done.finally(() => clearInterval(changes))
    expect([stdout.trimEnd().split('\n').length, stderr]).toEqual([1, ''])
  })
})

describe.skipIf(!hasJq)(`the guide's scripts, unchanged${hasJq ? '' : ' (skipped: jq is not installed)'}`, () => {
  it('watch-navarch-health.sh drains the unhealthy nodes that are not drained yet', async () => {
    const calls = join(folder, 'calls')
    await program(
      'scontrol',
      `if [ "$1 $2" = "show node" ]; then
  case "$3" in gpu-node-003) echo "NodeName=$3 State=IDLE+DRAIN ThreadsPerCore=1" ;; *) echo "   State=MIXED ThreadsPerCore=1" ;; esac
else echo "$*" >> '${calls}'; fi`,
    )
    await program('sleep', 'kill "$PPID"')
    const { stdout, stderr } = await run('bash', script('watch-navarch-health'))
    expect(stdout).toBe('Draining unhealthy node: gpu-node-002\n')
    expect(stderr).toBe('')
    expect(await readFile(calls, 'utf8')).toBe(
      'update NodeName=gpu-node-002 State=DRAIN Reason=Navarch: GPU health failure\n',
    )
  })

  it('prolog.sh lets a job start on a healthy node, and not on an unhealthy one', async () => {
    await program('hostname', 'echo gpu-node-001.cluster.example')
    expect(await run('bash', script('prolog'))).toEqual({ code: 0, stdout: '', stderr: '' })
    await program('hostname', 'echo gpu-node-002.cluster.example')
    expect(await run('bash', script('prolog'))).toEqual({
      code: 1,
      stdout: '',
      stderr: 'Node GPU health check failed\n',
    })
  })

  it('prolog.sh lets a job start when the control plane is away', async () => {
    double.refuse = { code: 'unavailable', message: 'starting' }
    expect((await run('bash', script('prolog'))).code).toBe(0)
  })

  it('epilog.sh prints the node’s health', async () => {
    await program('hostname', 'echo gpu-node-002')
    const { code, stdout } = await run('bash', script('epilog'))
    expect(code).toBe(0)
    expect(JSON.parse(stdout)).toEqual({ node: 'gpu-node-002', health: 'unhealthy', gpus: 2 })
  })
})
