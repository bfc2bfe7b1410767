import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type ControlPlaneDouble, startControlPlaneDouble } from './control-plane-double.ts'
import { ago, bootstrapLog, explanation, node, pool } from './fleet.ts'
import { runCli } from './run-cli.ts'

let double: ControlPlaneDouble
const cli = (args: string) => runCli(args.split(' '), { server: double.url })

beforeEach(async () => {
  const missing = {
    type: 'SlurmReady',
    status: 'false',
    reason: 'PartitionNotFound',
    message: 'there are: cpu',
    since: ago(9),
  } as const
  double = await startControlPlaneDouble({
    pools: [
      pool('training'),
      pool('inference', { partition: null, naming: 'unknown', manual_size: 3, conditions: [missing] }),
    ],
    explanations: [explanation('training')],
    nodes: [node('gpu-node-001')],
    bootstrapLogs: [bootstrapLog('gpu-node-001')],
  })
})
afterEach(() => double[Symbol.asyncDispose]())

describe('navarch pool', () => {
  it('lists pools with their size and what is wrong', async () => {
    const { code, stdout } = await cli('pool list')
    expect(code).toBe(0)
    const [header, training, inference] = stdout.split('\n')
    expect(header).toMatch(/^POOL +PROVIDER +PARTITION +MIN +MAX +WANTED +READY +BUSY +PROVISIONING /)
    expect(training).toMatch(/^training +lambda +gpu +2 +8 +4 +3 +2 +1 /)
    expect(inference).toMatch(/^inference +lambda +unknown .*PartitionNotFound$/)
  })

  it('prints lists as arrays and one pool as an object', async () => {
    expect(JSON.parse((await cli('pool list -o json')).stdout)).toEqual(double.state.pools)
    expect(JSON.parse((await cli('pool get training -o json')).stdout)).toEqual(double.state.pools[0])
    expect(JSON.parse((await cli('pool explain training -o json')).stdout)).toEqual(double.state.explanations[0])
    double.state.pools = []
    expect(await cli('pool list -o json')).toMatchObject({ code: 0, stdout: '[]\n' })
  })

  it('shows how new hosts get a name, and each condition', async () => {
    const { stdout } = await cli('pool get inference')
    expect(stdout).toMatch(/unknown/)
    expect(stdout).toMatch(/SlurmReady +false .*there are: cpu/)
    expect((await cli('pool get training')).stdout).toMatch(/FUTURE/)
  })

  it('explains the size job by job', async () => {
    const { stdout } = await cli('pool explain training')
    expect(stdout).toContain('queue depth 24 requires 24 nodes (1 jobs/node)')
    expect(stdout).toMatch(/^queue +24 +20 pending \+ 4 running$/m)
    expect(stdout).toMatch(/102 .*no .*Dependency/)
    expect(stdout).toContain('SomethingNew')
    expect(stdout).toContain('7s old')
  })

  it('takes no condition that holds for a problem, and says what sizes a pool without an autoscaler', async () => {
    const left = {
      type: 'NamesLeft',
      status: 'true',
      reason: 'Enough',
      message: 'new hosts get a name',
      since: ago(9),
    } as const
    double.state.pools = [pool('training', { autoscaler: 'none', conditions: [left] })]
    expect((await cli('pool list')).stdout).toMatch(/min_nodes +-$/m)
  })

  it('sets a size, and gives it back to the autoscaler', async () => {
    expect((await cli('pool scale training --nodes 6')).stdout).toMatch(/^Pool training .*6/)
    expect(double.requests.at(-1)).toMatchObject({
      method: 'POST',
      url: '/api/v1/pools/training/scale',
      body: { nodes: 6 },
    })
    expect((await cli('pool scale inference --auto')).code).toBe(0)
    expect(double.requests.at(-1)).toMatchObject({ method: 'POST', body: { nodes: null } })
  })

  it('changes nothing in a dry run', async () => {
    const { code, stdout } = await cli('pool scale training --nodes 6 --dry-run')
    expect([code, stdout]).toEqual([0, expect.stringContaining('would')])
    expect(double.requests.filter(({ method }) => method !== 'GET')).toEqual([])
  })

  it.each([
    ['pool scale training', 2],
    ['pool scale training --nodes 3 --auto', 2],
    ['pool scale training --nodes -1', 2],
    ['pool scale training --nodes 1.5', 2],
    ['pool scale training --nodes 9', 1],
    ['pool scale nothing --nodes 3', 3],
  ])('refuses `%s` with status %d, and changes nothing', async (args, expected) => {
    const { code, stdout, stderr } = await cli(args)
    expect([code, stdout]).toEqual([expected, ''])
    expect(stderr).not.toBe('')
    expect(double.requests.filter(({ method }) => method !== 'GET')).toEqual([])
  })
})

describe('navarch bootstrap logs', () => {
  it('shows each command with its output and status', async () => {
    const { code, stdout } = await cli('bootstrap logs gpu-node-001')
    expect(code).toBe(0)
    expect(stdout).toContain('command 2 of 2 ended with 1')
    expect(stdout).toContain('$ systemctl start slurmd\n  no such unit\n')
  })

  it('prints an array, and answers 3 for a node that does not exist', async () => {
    expect(JSON.parse((await cli('bootstrap logs gpu-node-001 -o json')).stdout)).toEqual(double.state.bootstrapLogs)
    expect((await cli('bootstrap logs nobody')).code).toBe(3)
  })
})
