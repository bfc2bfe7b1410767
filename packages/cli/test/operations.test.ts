import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type ControlPlaneDouble, startControlPlaneDouble } from './control-plane-double.ts'
import { node, operation, pool, succeeded } from './fleet.ts'
import { runCli } from './run-cli.ts'

let double: ControlPlaneDouble
const cli = (args: string) => runCli(args.split(' '), { server: double.url })

beforeEach(async () => {
  double = await startControlPlaneDouble({ operations: [[operation('op1')]] })
})
afterEach(() => double[Symbol.asyncDispose]())

describe('navarch operation', () => {
  it('lists operations', async () => {
    const { code, stdout } = await cli('operation list')
    expect(code).toBe(0)
    expect(stdout).toMatch(/^OPERATION +KIND +POOL +NODE +STATE +STEP /)
    expect(stdout).toMatch(/^op1 +drain +training +gpu-node-001 +waiting +wait .*rack maintenance$/m)
  })

  it('asks for those of a node or pool, and for those that are over', async () => {
    await cli('op list --all --node gpu-node-001 --pool training')
    const { searchParams } = new URL(double.requests[0]?.url ?? '', double.url)
    expect(Object.fromEntries(searchParams)).toEqual({ all: 'true', node: 'gpu-node-001', pool: 'training' })
  })

  it('prints lists as arrays and one operation as an object', async () => {
    expect(JSON.parse((await cli('operation list -o json')).stdout)).toEqual([operation('op1')])
    expect(JSON.parse((await cli('operation get op1 -o json')).stdout)).toEqual(operation('op1'))
    double.state.operations = []
    expect(await cli('operation list -o json')).toMatchObject({ code: 0, stdout: '[]\n' })
    expect(await cli('operation list')).toMatchObject({ code: 0, stdout: '' })
  })

  it('names the node and the pool of which it found none, and fails for names that nobody knows', async () => {
    double.state.nodes = [node('n7')]
    double.state.pools = [pool('dev')]
    expect(await cli('operation list --pool dev')).toEqual({
      code: 0,
      stdout: '',
      stderr: 'No operations are under way in pool dev (--all shows those that are over)\n',
    })
    expect((await cli('operation list --all --node n7 --pool dev')).stderr).toBe(
      'No operations found on node n7 in pool dev\n',
    )
    const unknown = { code: 3, stdout: '', stderr: expect.stringContaining('pool not found: nope') }
    expect(await cli('operation list --pool nope')).toEqual(unknown)
    expect(await cli('operation list --pool nope -o json')).toEqual(unknown)
  })

  it('shows the steps of one', async () => {
    const { stdout } = await cli('operation get op1')
    expect(stdout).toMatch(/^drain +succeeded +1s +1 /m)
    expect(stdout).toMatch(/^wait +running +59s +1 +2 jobs run$/m)
  })

  it('cancels and retries', async () => {
    expect(await cli('operation cancel op1')).toMatchObject({ code: 0, stdout: expect.stringContaining('op1') })
    expect(await cli('operation retry op1')).toMatchObject({ code: 0, stdout: expect.stringContaining('op1') })
    expect(double.requests.map(({ method, url }) => `${method} ${url}`)).toEqual([
      'POST /api/v1/operations/op1/cancel',
      'POST /api/v1/operations/op1/retry',
    ])
    expect((await cli('operation cancel op2')).code).toBe(3)
  })
})

describe('following an operation', () => {
  it('tells each step once, ends with the operation, and answers 0 when it succeeded', async () => {
    double.state.operations = [[operation('op1'), operation('op1'), succeeded('op1')]]
    const { code, stdout } = await cli('operation get op1 --follow')
    expect(code).toBe(0)
    expect(stdout.match(/2 jobs run/g)).toHaveLength(1)
    expect(stdout).toMatch(/op1 succeeded\n$/)
  })

  it('answers 1 when it failed', async () => {
    double.state.operations = [[operation('op1', { state: 'failed' })]]
    expect(await cli('operation get op1 --follow')).toMatchObject({
      code: 1,
      stdout: expect.stringContaining('failed'),
    })
  })

  it('prints one document a change as JSON', async () => {
    double.state.operations = [[operation('op1'), operation('op1'), succeeded('op1')]]
    const { stdout } = await cli('operation get op1 --follow -o json')
    const documents = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(documents.map(({ state }) => state)).toEqual(['waiting', 'succeeded'])
  })

  it('is what `drain --wait` does', async () => {
    double.state.nodes = [node('gpu-node-001', { operations: ['op1'] })]
    double.state.operations = [[operation('op1'), succeeded('op1')]]
    const { code, stdout } = await cli('drain gpu-node-001 --wait')
    expect(code).toBe(0)
    expect(stdout).toMatch(/^Node gpu-node-001 draining\n/)
    expect(stdout).toMatch(/op1 succeeded\n$/)
  })
})
