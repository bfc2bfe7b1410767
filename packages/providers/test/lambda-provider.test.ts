import { createManualClock, type ManualClock } from '@navarch/system/manual-clock'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createLambdaProvider } from '../src/lambda/lambda-provider.ts'
import type { Provider } from '../src/provider.ts'
import { type LambdaDouble, startLambdaDouble } from './lambda-double.ts'
import { launchRequest, untilDone } from './launch-request.ts'

describe('createLambdaProvider', () => {
  let double: LambdaDouble
  let clock: ManualClock
  let env: Record<string, string>
  const open = (): Provider =>
    createLambdaProvider({
      provider: 'lambda',
      baseUrl: double.baseUrl,
      apiKeyEnv: 'LAMBDA_API_KEY',
      env,
      fetch,
      clock,
    })
  let provider: Provider
  beforeEach(async () => {
    double = await startLambdaDouble()
    clock = createManualClock()
    env = { LAMBDA_API_KEY: double.apiKey }
    provider = open()
  })
  afterEach(() => double.stop())

  const launches = () => double.requests.filter((request) => request === 'POST /instance-operations/launch').length
  /** Waits for a request, then lets time pass until its deadline. */
  const timeOut = async (path: string, before: number) => {
    while (double.requests.filter((request) => request.endsWith(path)).length <= before) {
      await new Promise((resolve) => setImmediate(resolve))
    }
    await clock.advance(10_000)
  }

  it('shows an instance as pending until it is active and has an address', async () => {
    const machine = await provider.launch(launchRequest(), untilDone)
    expect(machine).toMatchObject({ state: 'pending', node: 'gpu-node-001', token: 'launch-1' })
    expect(await provider.get(machine.id, untilDone)).toMatchObject({ state: 'pending' })
    double.boot()
    expect(await provider.get(machine.id, untilDone)).toMatchObject({ state: 'running', address: '203.0.113.1' })
  })

  it('names the variable and the remedy when there is no API key, and uses one that is set later', async () => {
    delete env['LAMBDA_API_KEY']
    await expect(provider.list(untilDone)).rejects.toMatchObject({
      code: 'unauthorized',
      message: 'provider lambda: LAMBDA_API_KEY is not set',
      remedy: expect.stringContaining('Set LAMBDA_API_KEY'),
    })
    env['LAMBDA_API_KEY'] = double.apiKey
    expect(await provider.list(untilDone)).toEqual([])
  })

  it('never shows the API key in an error', async () => {
    env['LAMBDA_API_KEY'] = 'wrong-key-987'
    const error = await provider.launch(launchRequest(), untilDone).catch((reason: unknown) => reason)
    expect(error).toMatchObject({ code: 'unauthorized' })
    expect(JSON.stringify(error, Object.getOwnPropertyNames(error))).not.toContain('wrong-key-987')
  })

  it('reports want of capacity with the advice of the API', async () => {
    double.capacity = 0
    await expect(provider.launch(launchRequest(), untilDone)).rejects.toMatchObject({
      code: 'capacity',
      remedy: expect.stringContaining('availability'),
    })
  })

  it("takes the account's only SSH key where the pool names none", async () => {
    await provider.launch(launchRequest({ sshKeys: [] }), untilDone)
    expect(launches()).toBe(1)
  })

  it.each([
    [[], 'the account has 0'],
    [['mine', 'theirs'], 'the account has 2 (mine, theirs)'],
  ])('asks for a name where the account has the keys %j', async (keys, found) => {
    double.sshKeys = keys
    await expect(provider.launch(launchRequest({ sshKeys: [] }), untilDone)).rejects.toMatchObject({
      code: 'invalid',
      message: expect.stringContaining(found),
    })
    expect(launches()).toBe(0)
  })

  it('reports a request that can never work, before or after asking', async () => {
    for (const wrong of [{ instanceType: 'gpu_9x' }, { sshKeys: ['a', 'b'] }, { region: '' }]) {
      await expect(provider.launch(launchRequest(wrong), untilDone)).rejects.toMatchObject({
        code: 'invalid',
        remedy: expect.stringMatching(/pool/),
      })
    }
    expect(double.instances.size).toBe(0)
  })

  it('passes on how long the API asks us to stay away', async () => {
    const error = { status: 429, code: 'global/rate-limit', message: 'Too many requests.' }
    double.misbehave('/instances', { kind: 'fail', error, headers: { 'retry-after': '12' } })
    await expect(provider.list(untilDone)).rejects.toMatchObject({ code: 'unavailable', retryAfterMs: 12_000 })
  })

  it('gives up on an answer that does not come within ten seconds', async () => {
    double.misbehave('/instances', { kind: 'drop' })
    const listing = provider.list(untilDone)
    listing.catch(() => {})
    await timeOut('/instances', 0)
    await expect(listing).rejects.toMatchObject({ code: 'unavailable', message: expect.stringContaining('10000 ms') })
  })

  it.each(['<html>', '{"data": 1}', ''])('reports an answer that it does not understand: %j', async (body) => {
    double.misbehave('/instances', { kind: 'text', status: 200, body })
    await expect(provider.list(untilDone)).rejects.toMatchObject({ code: 'unavailable' })
  })

  it('says where the API has moved instead of following with the wrong method', async () => {
    double.misbehave('/instances', { kind: 'text', status: 301, body: '' })
    await expect(provider.list(untilDone)).rejects.toMatchObject({
      code: 'invalid',
      remedy: expect.stringContaining('base_url'),
    })
  })

  it('reports an address where nobody answers', async () => {
    await double.stop()
    await expect(provider.list(untilDone)).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringContaining('ECONNREFUSED'),
    })
  })

  it('finds the instance of a launch whose answer was lost, and launches no other', async () => {
    double.misbehave('/launch', { kind: 'drop' })
    const launch = provider.launch(launchRequest(), untilDone)
    launch.catch(() => {})
    await timeOut('/launch', 0)
    await expect(launch).rejects.toMatchObject({ code: 'unavailable' })
    const [id] = double.instances.keys()
    expect(await provider.launch(launchRequest(), untilDone)).toMatchObject({ id })
    expect(launches()).toBe(1)
  })

  it('waits until lists have settled before it repeats a launch whose answer was lost', async () => {
    double.hiddenReads = 1
    double.misbehave('/launch', { kind: 'drop' })
    const launch = provider.launch(launchRequest(), untilDone)
    launch.catch(() => {})
    await timeOut('/launch', 0)
    await expect(launch).rejects.toMatchObject({ code: 'unavailable' })
    await expect(provider.launch(launchRequest(), untilDone)).rejects.toMatchObject({ retryAfterMs: 60_000 })
    const [id] = double.instances.keys()
    expect(await provider.launch(launchRequest(), untilDone)).toMatchObject({ id })
    expect(launches()).toBe(1)
  })

  it('gives no list while it is open whether a launch has made something', async () => {
    double.hiddenReads = 2
    double.misbehave('/launch', { kind: 'drop' })
    const launch = provider.launch(launchRequest(), untilDone)
    launch.catch(() => {})
    await timeOut('/launch', 0)
    await expect(launch).rejects.toMatchObject({ code: 'unavailable' })
    await expect(provider.list(untilDone)).rejects.toMatchObject({ code: 'unavailable', retryAfterMs: 60_000 })
    await expect(provider.list(untilDone)).rejects.toMatchObject({ code: 'unavailable' })
    expect(await provider.list(untilDone)).toMatchObject([{ token: 'launch-1' }])
  })

  it('launches again when the lost launch made nothing', async () => {
    double.misbehave('/launch', { kind: 'text', status: 503, body: 'busy' })
    await expect(provider.launch(launchRequest(), untilDone)).rejects.toMatchObject({ code: 'unavailable' })
    await clock.advance(60_000)
    await provider.launch(launchRequest(), untilDone)
    expect(double.instances.size).toBe(1)
  })

  it('keeps one instance where two were made for one launch, and ends the other', async () => {
    await provider.launch(launchRequest(), untilDone)
    const [first] = double.instances.values()
    if (!first) throw new Error('nothing was launched')
    double.instances.set('zz', { ...first, id: 'zz' })
    const kept = await open().launch(launchRequest(), untilDone)
    expect(kept.id).toBe(first.id)
    expect(double.instances.get('zz')?.status).toBe('terminated')
  })

  it('does not take a new instance for gone while the API denies it', async () => {
    double.hiddenReads = 3
    const { id } = await provider.launch(launchRequest(), untilDone)
    expect(await provider.get(id, untilDone)).toMatchObject({ id, state: 'pending' })
    expect(await provider.list(untilDone)).toMatchObject([{ id }])
    expect(await provider.launch(launchRequest(), untilDone)).toMatchObject({ id })
    await clock.advance(60_000)
    double.boot()
    expect(await provider.get(id, untilDone)).toMatchObject({ state: 'running' })
  })

  it('does not believe that an instance just launched is not there to be ended', async () => {
    double.hiddenReads = 1
    const { id } = await provider.launch(launchRequest(), untilDone)
    await expect(provider.terminate(id, untilDone)).rejects.toMatchObject({ code: 'unavailable', retryAfterMs: 5_000 })
    await provider.list(untilDone)
    await provider.terminate(id, untilDone)
    expect(double.instances.get(id)?.status).toBe('terminated')
  })

  it("lists no instance of anybody else's", async () => {
    const { id } = await provider.launch(launchRequest(), untilDone)
    const ours = double.instances.get(id)
    if (!ours) throw new Error('nothing was launched')
    double.instances.set('other', { ...ours, id: 'other', name: 'notebook', tags: [] })
    expect((await provider.list(untilDone)).map((machine) => machine.id)).toEqual([id])
  })
})
