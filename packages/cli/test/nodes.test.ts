import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { parse as parseYaml } from 'yaml'
import { type ControlPlaneDouble, startControlPlaneDouble } from './control-plane-double.ts'
import { ago, gpu, node, operation, pool, xid79 } from './fleet.ts'
import { runCli } from './run-cli.ts'

let double: ControlPlaneDouble
const cli = (args: string, options = {}) => runCli(args.split(' '), { server: double.url, ...options })

beforeEach(async () => {
  double = await startControlPlaneDouble({
    nodes: [
      node('gpu-node-001'),
      node('gpu-node-002', {
        health: 'unhealthy',
        health_reason: 'XID 79: GPU has fallen off the bus',
        status: 'draining',
        health_events: [xid79(ago(30))],
        last_heartbeat: ago(180),
      }),
      node('gpu-node-003', {
        pool: 'inference',
        health: 'unknown',
        status: 'provisioning',
        gpus: [],
        last_heartbeat: null,
        registered_at: null,
        slurm: null,
        address: null,
      }),
    ],
  })
})
afterEach(() => double[Symbol.asyncDispose]())

describe('navarch list', () => {
  it('prints one node a line, with what is not known as a word', async () => {
    const { code, stdout, stderr } = await cli('list')
    expect([code, stderr]).toEqual([0, ''])
    expect(stdout).toBe(
      [
        'NODE           POOL        STATUS         HEALTH         GPUS      UTIL   HEARTBEAT   REASON',
        'gpu-node-001   training    active         healthy           2       92%   5s ago      -',
        'gpu-node-002   training    draining       unhealthy         2       92%   3m ago      XID 79: GPU has fallen off the bus',
        'gpu-node-003   inference   provisioning   unknown     unknown   unknown   never       -',
        '',
      ].join('\n'),
    )
  })

  it('fails for a pool that nobody knows; one without nodes is no error', async () => {
    double.state.pools = [pool('spare')]
    expect(await cli('list --pool spare')).toEqual({ code: 0, stdout: '', stderr: 'No nodes match\n' })
    expect(await cli('list --pool nope')).toEqual({
      code: 3,
      stdout: '',
      stderr: expect.stringContaining('pool not found: nope'),
    })
  })

  it('prints the API’s array as JSON, and the same as YAML', async () => {
    expect(JSON.parse((await cli('list --output json')).stdout)).toEqual(double.state.nodes)
    expect(parseYaml((await cli('ls -o yaml')).stdout)).toEqual(double.state.nodes)
  })

  it('prints an empty array for an empty fleet, and says so on stderr for a table', async () => {
    double.state.nodes = []
    expect(await cli('list -o json')).toEqual({ code: 0, stdout: '[]\n', stderr: '' })
    expect(await cli('list')).toEqual({ code: 0, stdout: '', stderr: expect.stringContaining('No nodes found') })
  })

  it('has more columns when wide', async () => {
    const [header] = (await cli('list -o wide')).stdout.split('\n')
    for (const column of ['PROVIDER', 'REGION', 'ZONE', 'INSTANCE', 'SLURM', 'ADDRESS'])
      expect(header).toContain(column)
  })

  it('passes filters on, in the words of the API', async () => {
    const { stdout } = await cli('nodes --status ACTIVE --health HEALTH_STATUS_HEALTHY --pool training -o json')
    expect(JSON.parse(stdout)).toHaveLength(1)
    expect(double.requests[0]?.url).toBe('/api/v1/nodes?status=active&health=healthy&pool=training')
  })

  it('refuses a status that does not exist', async () => {
    const { code, stderr } = await cli('list --status asleep')
    expect([code, stderr]).toEqual([2, expect.stringContaining('cordoned')])
    expect(double.requests).toEqual([])
  })

  it('colours a terminal alone, and not when NO_COLOR is set', async () => {
    const red = '\u001b[31munhealthy'
    expect((await cli('list', { terminal: 120 })).stdout).toContain(red)
    expect((await cli('list', { terminal: 120, env: { NO_COLOR: '1' } })).stdout).not.toContain('\u001b')
    expect((await cli('list')).stdout).not.toContain('\u001b')
  })

  it('fits a terminal by cutting the last column, and cuts nothing in a pipe', async () => {
    const { stdout } = await cli('list', { terminal: 100, env: { NO_COLOR: '1' } })
    expect(Math.max(...stdout.split('\n').map((line) => line.length))).toBe(100)
    expect(stdout).toContain('…')
  })

  it('keeps control sequences out of the terminal', async () => {
    double.state.nodes = [node('gpu-node-001', { health: 'degraded', health_reason: 'a\u001b[2Jb\nc' })]
    expect((await cli('list')).stdout).toMatch(/a.\[2Jb c\n$/)
    expect((await cli('list')).stdout).not.toContain('\u001b')
  })
})

describe('navarch get', () => {
  it('shows a node with its GPUs and findings', async () => {
    const { code, stdout } = await cli('get gpu-node-002')
    expect(code).toBe(0)
    expect(stdout).toMatch(/^Status: +draining$/m)
    expect(stdout).toMatch(/XID 79: GPU has fallen off the bus/)
    expect(stdout).toContain('GPU-00000001')
    expect(stdout).toMatch(/xid-79/)
  })

  it('prints one object as JSON, found by the full host name', async () => {
    const { stdout } = await cli('get gpu-node-002.cluster.example -o json')
    expect(JSON.parse(stdout)).toEqual(double.state.nodes[1])
  })

  it('shows readings that are missing as unknown, never as 0', async () => {
    double.state.nodes = [
      node('n1', { gpus: [gpu(0, { utilization: null, temperature_celsius: null, power_watts: null })] }),
    ]
    const { stdout } = await cli('get n1')
    expect(stdout).toContain('unknown')
    expect(stdout).not.toMatch(/\b0(%| ?C| ?W)/)
  })

  it('shows what is done with it, and what waits for approval', async () => {
    double.state.nodes = [node('n1', { operations: ['op1', 'op2'] })]
    double.state.operations = [
      [operation('op1', { kind: 'replace', node: 'n1', state: 'waiting_for_approval' })],
      [operation('op2', { kind: 'cordon', node: 'n1', state: 'running', step: 'drain' })],
    ]
    expect((await cli('get n1')).stdout).toMatch(
      /^Operations: +op1 \(replace waits for approval: navarch operation approve op1\), op2 \(cordon: drain\)$/m,
    )
  })

  it('answers 3 for a node that does not exist', async () => {
    const { code, stdout, stderr } = await cli('get gpu-node-0O1 -o json')
    expect([code, stdout]).toEqual([3, ''])
    expect(stderr).toContain('node not found: gpu-node-0O1')
  })

  it('escapes what it puts into an address', async () => {
    await cli('get ../pools')
    expect(double.requests[0]?.url).toBe('/api/v1/nodes/..%2Fpools')
  })
})

describe.each([
  ['cordon', 'Node gpu-node-001 cordoned'],
  ['uncordon', 'Node gpu-node-001 uncordoned'],
  ['drain', 'Node gpu-node-001 draining'],
])('navarch %s', (verb, line) => {
  it('says what happened, and by which operation', async () => {
    double.state.nodes = [node('gpu-node-001', { operations: ['op1'] })]
    const { code, stdout } = await runCli([verb, 'gpu-node-001', '--reason', 'fan noise'], { server: double.url })
    expect([code, stdout]).toEqual([0, `${line}\nOperation ID: op1\n`])
    expect(double.requests[0]).toMatchObject({
      method: 'POST',
      url: `/api/v1/nodes/gpu-node-001/${verb}`,
      body: { reason: 'fan noise' },
    })
  })

  it('goes on with the other nodes when one is not there, and answers 3', async () => {
    const { code, stdout, stderr } = await cli(`${verb} nobody gpu-node-001`)
    expect([code, stdout]).toEqual([3, expect.stringContaining(line)])
    expect(stderr).toContain('node not found: nobody')
  })

  it('prints the node as JSON', async () => {
    const { stdout } = await cli(`${verb} gpu-node-001 -o json`)
    expect(JSON.parse(stdout)).toEqual(double.state.nodes[0])
  })
})

describe('a change to a silent node', () => {
  it('comes with a warning', async () => {
    expect((await cli('cordon gpu-node-002')).stderr).toMatch(/gpu-node-002.*3m ago/)
    expect((await cli('cordon gpu-node-003')).stderr).toMatch(/gpu-node-003.*never/)
    expect((await cli('cordon gpu-node-001')).stderr).toBe('')
  })
})
