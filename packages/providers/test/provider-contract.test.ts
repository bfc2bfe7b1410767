import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createLabContext } from '@navarch/lab/context'
import { destroyLab } from '@navarch/lab/lab'
import { systemClock } from '@navarch/system/clock'
import { runCommand } from '@navarch/system/run-command'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createFakeProvider } from '../src/fake/fake-provider.ts'
import { createLabProvider } from '../src/lab/lab-provider.ts'
import { createLambdaProvider } from '../src/lambda/lambda-provider.ts'
import type { Provider } from '../src/provider.ts'
import { createStaticProvider } from '../src/static/static-provider.ts'
import { whyNoLab } from './lab-prerequisites.ts'
import { startLambdaDouble } from './lambda-double.ts'
import { launchRequest, untilDone } from './launch-request.ts'

interface Setup {
  /** Called again, it returns a provider as a restarted process would have it. */
  open(): Provider
  close(): Promise<void>
}

const labMissing = await whyNoLab('bookworm')

const setups: [string, string | undefined, () => Promise<Setup>][] = [
  ['fake', undefined, openFake],
  ['static', undefined, openStatic],
  ['lambda', undefined, openLambda],
  ['lab', labMissing, openLab],
]

describe.each(setups)('a provider of type %s', (type, missing, setUp) => {
  let setup: Setup
  let provider: Provider
  beforeEach(async () => {
    if (missing) return
    setup = await setUp()
    provider = setup.open()
  })
  afterEach(() => setup?.close())
  const test = it.skipIf(missing)
  const why = missing ? ` (skipped: ${missing})` : ''

  test(`makes one machine for one token, however often and at once it is asked${why}`, async () => {
    const [first, second] = await Promise.all([
      provider.launch(launchRequest(), untilDone),
      provider.launch(launchRequest(), untilDone),
    ])
    const third = await provider.launch(launchRequest(), untilDone)
    expect([second.id, third.id]).toEqual([first.id, first.id])
    expect(await provider.list(untilDone)).toHaveLength(1)
  })

  test(`tells of each machine which launch made it and for which node${why}`, async () => {
    const one = await provider.launch(launchRequest(), untilDone)
    const two = await provider.launch(launchRequest({ token: 'launch-2', node: 'gpu-node-002' }), untilDone)
    expect(one.id).not.toBe(two.id)
    expect(await provider.get(two.id, untilDone)).toMatchObject({ id: two.id, node: 'gpu-node-002', token: 'launch-2' })
    expect((await provider.list(untilDone)).map(({ id, node, token }) => ({ id, node, token }))).toEqual(
      expect.arrayContaining([
        { id: one.id, node: 'gpu-node-001', token: 'launch-1' },
        { id: two.id, node: 'gpu-node-002', token: 'launch-2' },
      ]),
    )
  })

  test(`ends a machine, and again without an error${why}`, async () => {
    const { id } = await provider.launch(launchRequest(), untilDone)
    await provider.terminate(id, untilDone)
    await provider.terminate(id, untilDone)
    expect([undefined, 'terminating', 'terminated']).toContain((await provider.get(id, untilDone))?.state)
    expect(await provider.list(untilDone)).toEqual([])
  })

  test(`ending an old machine again leaves the new one of the same node alone${why}`, async () => {
    const old = await provider.launch(launchRequest(), untilDone)
    await provider.terminate(old.id, untilDone)
    const fresh = await provider.launch(launchRequest({ token: 'launch-2' }), untilDone)
    await provider.terminate(old.id, untilDone)
    expect((await provider.list(untilDone)).map((machine) => machine.id)).toEqual([fresh.id])
  })

  test(`knows nothing of a machine that never was${why}`, async () => {
    expect(await provider.get('never-was', untilDone)).toBeUndefined()
    await provider.terminate('never-was', untilDone)
  })

  test(`does nothing once the caller has given up${why}`, async () => {
    const gone = AbortSignal.abort(new Error('stop'))
    await expect(provider.launch(launchRequest(), gone)).rejects.toMatchObject({ name: 'ProviderError' })
    expect(await provider.list(untilDone)).toEqual([])
  })

  if (type === 'fake') return
  test(`finds its machines again after a restart${why}`, async () => {
    const { id } = await provider.launch(launchRequest(), untilDone)
    const restarted = setup.open()
    expect(await restarted.launch(launchRequest(), untilDone)).toMatchObject({ id })
    expect(await restarted.list(untilDone)).toMatchObject([{ id, node: 'gpu-node-001', token: 'launch-1' }])
  })
})

async function openFake(): Promise<Setup> {
  return { open: () => createFakeProvider({ name: 'fake', clock: systemClock }), close: async () => {} }
}

async function openStatic(): Promise<Setup> {
  const dir = await mkdtemp(join(tmpdir(), 'navarch-static-'))
  const hosts = [{ address: '10.0.0.1' }, { address: '10.0.0.2' }]
  const claimsPath = join(dir, 'claims.json')
  return {
    open: () => createStaticProvider({ name: 'rack', hosts, claimsPath, clock: systemClock }),
    close: () => rm(dir, { recursive: true }),
  }
}

async function openLambda(): Promise<Setup> {
  const double = await startLambdaDouble()
  const env = { LAMBDA_API_KEY: double.apiKey }
  const about = { provider: 'lambda', apiKeyEnv: 'LAMBDA_API_KEY', env, fetch, clock: systemClock }
  return { open: () => createLambdaProvider({ ...about, baseUrl: double.baseUrl }), close: double.stop }
}

async function openLab(): Promise<Setup> {
  const context = createLabContext({ run: runCommand, clock: systemClock })
  const lab = 'contract'
  await destroyLab(context, lab)
  return {
    open: () => createLabProvider({ name: 'lab', lab, gpus: 2, context }),
    close: () => destroyLab(context, lab),
  }
}
